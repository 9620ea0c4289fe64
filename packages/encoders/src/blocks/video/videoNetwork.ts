import { seeds } from '@amr/layers';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Encoder } from '../../encoder.js';
import { PaddedConv3D, type Size3 } from '../../layers/convolution/paddedConv3D.js';
import { BatchNorm } from '../../layers/normalization/batchNorm.js';
import { ChannelNormalization } from '../../layers/normalization/channelNormalization.js';
import { GlobalAverage } from '../../layers/pooling/globalAverage.js';
import type { Normalization } from './normalization.js';
import type { VideoConfig } from './videoConfig.js';

/** Makes the layers of a video network. Callers leave the modality out of the names of layers. */
export interface VideoNetworkBuilder {
  /** The normalised input. */
  normalized: SymbolicTensor;
  /** The full name of a part's layer. */
  nameOf(part: string): string;
  /** A new seed for each layer, in the order of the calls. */
  seed(): number | undefined;
  /** Convolution without bias, then {@link norm}. */
  conv(x: SymbolicTensor, part: string, filters: number, kernelSize: Size3, strides?: Size3): SymbolicTensor;
  /** Batch normalisation after a part. */
  norm(x: SymbolicTensor, part: string): SymbolicTensor;
  /** An activation of tfjs. */
  activation(x: SymbolicTensor, part: string, kind?: 'relu' | 'swish'): SymbolicTensor;
  /** relu(y + shortcut), the output of a residual block. */
  residual(y: SymbolicTensor, shortcut: SymbolicTensor, position: BlockPosition): SymbolicTensor;
  /** The mean over frames and pixels. */
  pooled(x: SymbolicTensor, part?: string): SymbolicTensor;
  /** The finished encoder. */
  encoder(stages: SymbolicTensor[], features: SymbolicTensor): Encoder;
}

/** The position of a block in its network. */
export interface BlockPosition {
  /** The names of the block's layers start with it: `Stage1Block2`. */
  part: string;
  /** The stage, counted from 0. */
  stage: number;
  /** The block's number in its stage, counted from 0. */
  block: number;
  /** The name of the block's last layer, which in a stage's last block is the name of the stage. */
  output: string;
}

/**
 * Starts a video network: its input, the normalisation, and the builder of all further layers. The networks differ in
 * stem, blocks and head; names, seeds and the normalisation after each convolution are the same in all of them.
 */
export function videoNetwork(config: VideoConfig, normalization: Normalization): VideoNetworkBuilder {
  const { name = 'rgb' } = config;
  const seed = seeds(config.seed);
  const nameOf = (part: string) => `${name}${part}`;
  const video = input({ shape: [...config.inputShape], name });
  const normalized = new ChannelNormalization({ ...normalization, name: nameOf('Normalized') }).apply(
    video,
  ) as SymbolicTensor;

  const norm = (x: SymbolicTensor, part: string) =>
    new BatchNorm({ name: nameOf(`${part}Norm`) }).apply(x) as SymbolicTensor;
  const activation = (x: SymbolicTensor, part: string, kind: 'relu' | 'swish' = 'relu') =>
    layers.activation({ activation: kind, name: nameOf(part) }).apply(x) as SymbolicTensor;
  return {
    normalized,
    nameOf,
    seed,
    norm,
    activation,
    conv(x, part, filters, kernelSize, strides = [1, 1, 1]) {
      const options = { filters, kernelSize, strides, seed: seed() };
      return norm(new PaddedConv3D({ ...options, name: nameOf(part) }).apply(x) as SymbolicTensor, part);
    },
    residual(y, shortcut, { part, output }) {
      const sum = layers.add({ name: nameOf(`${part}Add`) }).apply([y, shortcut]) as SymbolicTensor;
      return activation(sum, output);
    },
    pooled: (x, part = 'Features') => new GlobalAverage({ name: nameOf(part) }).apply(x) as SymbolicTensor,
    encoder: (stages, features) => ({
      model: model({ inputs: video, outputs: features, name: nameOf('Encoder') }),
      stages,
      input: video,
      features,
    }),
  };
}

/** Chains the blocks of all stages. Returns the output of each stage's last block. */
export function residualStages(
  x: SymbolicTensor,
  blocks: readonly number[],
  block: (x: SymbolicTensor, position: BlockPosition) => SymbolicTensor,
): SymbolicTensor[] {
  const stages: SymbolicTensor[] = [];
  let y = x;
  for (const [s, count] of blocks.entries()) {
    for (let b = 0; b < count; b++) {
      const part = `Stage${s + 1}Block${b + 1}`;
      const output = b === count - 1 ? `Stage${s + 1}` : `${part}Relu`;
      y = block(y, { part, stage: s, block: b, output });
    }
    stages.push(y);
  }
  return stages;
}

/** The number of channels of a symbolic tensor. */
export function channelsOf(x: SymbolicTensor): number {
  return x.shape.at(-1)!;
}
