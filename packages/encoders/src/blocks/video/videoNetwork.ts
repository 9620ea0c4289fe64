import { seeds } from '@amr/layers';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Encoder } from '../../encoder.js';
import { PaddedConv3D, type Size3 } from '../../layers/convolution/paddedConv3D.js';
import { BatchNorm } from '../../layers/normalization/batchNorm.js';
import { ChannelNormalization } from '../../layers/normalization/channelNormalization.js';
import { GlobalAverage } from '../../layers/pooling/globalAverage.js';
import type { Normalization } from './normalization.js';
import type { VideoConfig } from './videoConfig.js';

/** A video network in the making: its front, and the parts that blocks are made of. */
export interface VideoNetwork {
  /** The modality, normalised. */
  front: SymbolicTensor;
  /** The name of a part's layer. */
  nameOf(part: string): string;
  /** A seed for the next layer. */
  seed(): number | undefined;
  /** Convolution without bias, then {@link norm}. */
  conv(x: SymbolicTensor, part: string, filters: number, kernelSize: Size3, strides?: Size3): SymbolicTensor;
  /** Batch normalisation behind a part. */
  norm(x: SymbolicTensor, part: string): SymbolicTensor;
  /** An activation of tfjs. */
  activation(x: SymbolicTensor, part: string, kind?: 'relu' | 'swish'): SymbolicTensor;
  /** The sum of two branches, and what comes out of a residual block. */
  residual(y: SymbolicTensor, shortcut: SymbolicTensor, place: BlockPlace): SymbolicTensor;
  /** The mean over frames and pixels. */
  pooled(x: SymbolicTensor, part?: string): SymbolicTensor;
  /** The encoder, when its last layer is there. */
  encoder(stages: SymbolicTensor[], features: SymbolicTensor): Encoder;
}

/** Where a block is. */
export interface BlockPlace {
  /** In front of the block's layers' names: `Stage1Block2`. */
  part: string;
  /** The stage, counted from 0. */
  stage: number;
  /** The block in its stage, counted from 0. */
  block: number;
  /** The name of the block's last layer: the stage's own for the last block. */
  output: string;
}

/** The input of a video network, its normalisation, and what the rest is made of. */
export function videoNetwork(config: VideoConfig, normalization: Normalization): VideoNetwork {
  const { name = 'rgb' } = config;
  const seed = seeds(config.seed);
  const nameOf = (part: string) => `${name}${part}`;
  const video = input({ shape: [...config.inputShape], name });
  const front = new ChannelNormalization({ ...normalization, name: nameOf('Normalized') }).apply(
    video,
  ) as SymbolicTensor;

  const norm = (x: SymbolicTensor, part: string) =>
    new BatchNorm({ name: nameOf(`${part}Norm`) }).apply(x) as SymbolicTensor;
  const activation = (x: SymbolicTensor, part: string, kind: 'relu' | 'swish' = 'relu') =>
    layers.activation({ activation: kind, name: nameOf(part) }).apply(x) as SymbolicTensor;
  return {
    front,
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

/** Chains the blocks of all stages; the outputs of each stage's last. */
export function residualStages(
  x: SymbolicTensor,
  blocks: readonly number[],
  block: (x: SymbolicTensor, place: BlockPlace) => SymbolicTensor,
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
