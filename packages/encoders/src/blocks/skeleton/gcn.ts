import { seeds } from '@amr/layers';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Encoder } from '../../encoder.js';
import { BodyMask, BodyMean, BodyPresence } from '../../layers/bodies/bodies.js';
import { TemporalConvolution } from '../../layers/convolution/temporalConvolution.js';
import { BatchNorm } from '../../layers/normalization/batchNorm.js';
import { SeededDropout } from '../../layers/seededDropout.js';
import { checkCountList, checkCounts, checkFraction, checkOption, type KeysOf } from '../../options.js';
import type { SkeletonGraph, SkeletonLayout } from '../../skeleton/graphs.js';
import { type SkeletonStreamConfig, skeletonStream, streamKeys } from '../../skeleton/skeletonStream.js';

/** What the configs of all graph networks have in common. Only `frames` has no default. */
export interface GcnConfig extends SkeletonStreamConfig {
  /** Frames of a clip. At least the product of the temporal strides. */
  frames: number;
  /** Bodies of a clip, absent ones all zero. Default 2. */
  persons?: number;
  /** The skeleton. Default `'ntu-rgb+d'`. */
  layout?: SkeletonLayout | SkeletonGraph;
  /** Coordinates of a joint. Default 3. */
  coordinates?: number;
  /** Number of blocks of each stage. Default [4, 3, 3]. */
  blocks?: readonly number[];
  /** Channels of the first stage; each further stage doubles them and halves the frames. Default 64. */
  width?: number;
  /** Temporal stride of the first block. Default 1. */
  initialStride?: number;
  /** Share of activations dropped at the end of each block in training. In [0, 1); default 0. */
  dropout?: number;
  /** Name of the modality: the input has it, and every layer's name starts with it. Default `'skeleton'`. */
  name?: string;
  /** Seed of the initial weights and of dropout. Absent: different each time. */
  seed?: number;
}

/** The keys of {@link GcnConfig}. */
export const gcnKeys: KeysOf<GcnConfig> = {
  ...streamKeys,
  frames: true,
  persons: true,
  layout: true,
  coordinates: true,
  blocks: true,
  width: true,
  initialStride: true,
  dropout: true,
  name: true,
  seed: true,
};

/** Makes the layers of a block. Callers leave the modality out of the names of layers. */
export interface GcnBuilder {
  /** A new seed for each layer, in the order of the calls. */
  seed: () => number | undefined;
  /** The layer's full name. */
  name: (part: string) => string;
  /** Batch normalisation that leaves absent bodies out of its statistics. */
  norm: (x: SymbolicTensor, part: string) => SymbolicTensor;
  relu: (x: SymbolicTensor, part: string) => SymbolicTensor;
  /** {@link TemporalConvolution} */
  temporal: (
    x: SymbolicTensor,
    part: string,
    filters: number,
    kernelSize: number,
    stride: number,
    dilation?: number,
  ) => SymbolicTensor;
}

/** The position of a block in its network, and its sizes. */
export interface GcnBlockPosition {
  /** The names of the block's layers start with it: `Stage1Block2`. */
  part: string;
  /** Input channels. */
  channels: number;
  /** Output channels. */
  filters: number;
  /** Temporal stride. */
  stride: number;
  /** The first block of the network, which has no residual connection around it. */
  first: boolean;
}

/** The spatial and temporal half of one block, up to the residual connection, which {@link gcn} adds. */
export type GcnBlock = (x: SymbolicTensor, position: GcnBlockPosition, builder: GcnBuilder) => SymbolicTensor;

/**
 * The network that all graph networks of this package share: the stream computed from the skeleton, batch normalisation
 * of each joint's coordinates, blocks relu(block(x) + shortcut(x)) in stages, and the mean over frames, joints and the
 * bodies that are present. Shortcuts that change shape are pointwise convolutions with batch normalisation; the first
 * block has none. ST-GCN, ST-GCN++, 2s-AGCN and CTR-GCN differ in the block alone, so each of them is a function that
 * builds one block.
 *
 * @param network name of the network, for messages
 * @param graph the checked graph of `config.layout`
 * @throws {EncoderConfigError} when a size does not fit; the message names one that does
 */
export function gcn(network: string, config: GcnConfig, graph: SkeletonGraph, block: GcnBlock): Encoder {
  const { frames, persons = 2, coordinates = 3, blocks = [4, 3, 3], width = 64 } = config;
  const { initialStride = 1, dropout = 0, name = 'skeleton' } = config;
  check(network, { frames, persons, coordinates, width, initialStride, dropout, blocks });

  const skeleton = input({ shape: [persons, frames, graph.joints, coordinates], name });
  const presence = new BodyPresence({ name: `${name}Presence` }).apply(skeleton) as SymbolicTensor;
  const seed = seeds(config.seed);
  const builder: GcnBuilder = {
    seed,
    name: (part) => `${name}${part}`,
    // A clip of one body always has it, or there is nothing to classify: weighting the statistics would only cost time.
    norm: (x, part) =>
      new BatchNorm({ name: `${name}${part}` }).apply(persons > 1 ? [x, presence] : x) as SymbolicTensor,
    relu: (x, part) =>
      layers.activation({ activation: 'relu', name: `${name}${part}` }).apply(x) as SymbolicTensor,
    temporal: (x, part, filters, kernelSize, stride, dilation) => {
      const options = { filters, kernelSize, stride, dilation, seed: seed() };
      return new TemporalConvolution({ ...options, name: `${name}${part}` }).apply(x) as SymbolicTensor;
    },
  };

  let x = skeletonStream(network, skeleton, graph, name, config);
  // The statistics are per joint and coordinate, so both become the channels of the normalisation.
  x = reshape(x, [persons, frames, graph.joints * coordinates], `${name}Flat`);
  x = builder.norm(x, 'InputNorm');
  x = reshape(x, [persons, frames, graph.joints, coordinates], `${name}Joints`);

  const stages: SymbolicTensor[] = [];
  let channels = coordinates;
  for (const [s, count] of blocks.entries()) {
    for (let b = 0; b < count; b++) {
      const part = `Stage${s + 1}Block${b + 1}`;
      const filters = width * 2 ** s;
      const first = s === 0 && b === 0;
      const stride = first ? initialStride : s > 0 && b === 0 ? 2 : 1;

      let y = block(x, { part, channels, filters, stride, first }, builder);
      if (dropout > 0) {
        const drop = new SeededDropout({ rate: dropout, seed: seed(), name: `${name}${part}Dropout` });
        y = drop.apply(y) as SymbolicTensor;
      }
      if (!first) {
        const same = channels === filters && stride === 1;
        const shortcut = same
          ? x
          : builder.norm(builder.temporal(x, `${part}Shortcut`, filters, 1, stride), `${part}ShortcutNorm`);
        y = layers.add({ name: `${name}${part}Add` }).apply([y, shortcut]) as SymbolicTensor;
      }
      const last = b === count - 1;
      x = builder.relu(y, last && persons === 1 ? `Stage${s + 1}` : `${part}Relu`);
      channels = filters;
    }
    if (persons > 1) {
      x = new BodyMask({ name: `${name}Stage${s + 1}` }).apply([x, presence]) as SymbolicTensor;
    }
    stages.push(x);
  }
  const features = new BodyMean({ name: `${name}Features` }).apply([x, presence]) as SymbolicTensor;
  return {
    model: model({ inputs: skeleton, outputs: features, name: `${name}Encoder` }),
    stages,
    input: skeleton,
    features,
  };
}

function reshape(x: SymbolicTensor, targetShape: number[], name: string): SymbolicTensor {
  return layers.reshape({ targetShape, name }).apply(x) as SymbolicTensor;
}

type Checked = Required<Omit<GcnConfig, 'layout' | 'name' | 'seed' | keyof SkeletonStreamConfig>>;

function check(network: string, config: Checked): void {
  const { frames, persons, coordinates, width, initialStride, dropout, blocks } = config;
  checkCounts(network, { frames, persons, coordinates, width, initialStride });
  checkCountList(`${network}.blocks`, blocks, '[4, 3, 3]');
  checkFraction(`${network}.dropout`, dropout);
  const smallest = initialStride * 2 ** (blocks.length - 1);
  checkOption(
    `${network}.frames`,
    frames,
    frames >= smallest,
    `${smallest} or more, the product of the temporal strides`,
    'Fewer stages (blocks) or a smaller initialStride take shorter clips.',
  );
}
