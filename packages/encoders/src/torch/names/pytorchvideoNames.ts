import type { TorchNames } from '../torchWeights.js';

const stem: { [part: string]: string } = {
  '': 'conv',
  Norm: 'norm',
  // X3D: over space, then over time. PyTorchVideo calls the first of the two conv_t.
  Spatial: 'conv.conv_t',
  Temporal: 'conv.conv_xy',
};

const ofBlock: { [part: string]: string } = {
  Conv1: 'branch2.conv_a',
  Conv1Norm: 'branch2.norm_a',
  Conv2: 'branch2.conv_b',
  Conv2Norm: 'branch2.norm_b',
  // X3D: norm_b is a sequence of a normalisation and the squeeze-and-excitation, or nothing.
  Depthwise: 'branch2.conv_b',
  DepthwiseNorm: 'branch2.norm_b.0',
  Excitation: 'branch2.norm_b.1',
  Conv3: 'branch2.conv_c',
  Conv3Norm: 'branch2.norm_c',
  Shortcut: 'branch1_conv',
  ShortcutNorm: 'branch1_norm',
};

const ofHead: { [part: string]: string } = {
  HeadConv1: 'pool.pre_conv',
  HeadConv1Norm: 'pool.pre_norm',
  HeadConv2: 'pool.post_conv',
  Logits: 'proj',
  logits: 'proj',
  Classifier: 'proj',
};

const known = (names: { [part: string]: string }, part: string) =>
  Object.hasOwn(names, part) ? names[part] : undefined;

/**
 * The names of PyTorchVideo: slow_r50, i3d_r50, x3d_xs, x3d_s, x3d_m. Its networks are a list of `blocks`: the stem, the
 * stages, the head, and in I3D a pool after the first stage.
 */
export const pytorchvideoNames: TorchNames = (layer, layers) => {
  const pools = layers.includes('Stage1Pool') ? 1 : 0;
  const [, stage, block, part] = /^Stage(\d+)Block(\d+)(.+)$/.exec(layer) ?? [];
  if (part) {
    const module = known(ofBlock, part);
    const at = Number(stage) + (stage === '1' ? 0 : pools);
    return module && `blocks.${at}.res_blocks.${Number(block) - 1}.${module}`;
  }
  const front = layer.startsWith('Stem') ? known(stem, layer.slice('Stem'.length)) : undefined;
  if (front) return `blocks.0.${front}`;
  const head = known(ofHead, layer);
  const stages = layers.filter((name) => /^Stage\d+$/.test(name)).length;
  return head && `blocks.${1 + stages + pools}.${head}`;
};
