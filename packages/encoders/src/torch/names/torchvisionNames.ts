import type { TorchNames } from '../torchWeights.js';

/** Modules outside of the blocks. */
const outside: { [layer: string]: string } = {
  Stem: 'stem.0',
  StemNorm: 'stem.1',
  // R(2+1)D: convolution, normalisation, relu, convolution, normalisation.
  StemSpatial: 'stem.0',
  StemSpatialNorm: 'stem.1',
  StemTemporal: 'stem.3',
  StemTemporalNorm: 'stem.4',
  Logits: 'fc',
  logits: 'fc',
  Classifier: 'fc',
};

/** Names after `conv1` and so on: a factored convolution is itself a sequence of convolution, norm, relu, convolution. */
const ofConvolution: { [part: string]: string } = {
  '': '0',
  Norm: '1',
  Spatial: '0.0',
  SpatialNorm: '0.1',
  Temporal: '0.3',
  TemporalNorm: '1',
};

/** The names of torchvision's video ResNets: r3d_18, mc3_18, r2plus1d_18 and those of their bottleneck blocks. */
export const torchvisionNames: TorchNames = (layer) => {
  if (Object.hasOwn(outside, layer)) return outside[layer];
  const [, stage, block, part] = /^Stage(\d+)Block(\d+)(.+)$/.exec(layer) ?? [];
  if (!part) return undefined;
  const module = `layer${stage}.${Number(block) - 1}`;
  if (part === 'Shortcut') return `${module}.downsample.0`;
  if (part === 'ShortcutNorm') return `${module}.downsample.1`;
  const [, conv, rest] = /^Conv(\d)(.*)$/.exec(part) ?? [];
  if (rest === undefined || !Object.hasOwn(ofConvolution, rest)) return undefined;
  return `${module}.conv${conv}.${ofConvolution[rest]}`;
};
