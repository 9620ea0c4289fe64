import { seeds } from '@amr/layers';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Encoder } from '../../encoder.js';
import { BodyMask, BodyMean, BodyPresence } from '../../layers/bodies/bodies.js';
import { TemporalConvolution } from '../../layers/convolution/temporalConvolution.js';
import { BatchNorm } from '../../layers/normalization/batchNorm.js';
import { SeededDropout } from '../../layers/seededDropout.js';
import { checkDropout, checkWhole, refuse } from '../../options.js';
import { type SkeletonGraph, type SkeletonLayout, skeletonGraph } from '../../skeleton/graphs.js';
import { type SkeletonStreamConfig, skeletonStream } from '../../skeleton/skeletonStream.js';

/** What every graph network of this package can be told. Only `frames` has no default. */
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
  /** Name of the modality: of the input, and in front of every layer's name. Default `'skeleton'`. */
  name?: string;
  /** Seed of the initial weights and of what is dropped. Absent: different each time. */
  seed?: number;
}

/** What a block of a graph network builds itself from. Names of layers are given without the modality in front. */
export interface GcnParts {
  graph: SkeletonGraph;
  /** A seed of its own for each layer, in the order of the calls. */
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

/** Where a block stands in its network. */
export interface GcnBlockPlace {
  /** In front of the names of the block's layers: `Stage1Block2`. */
  part: string;
  /** Channels that come in. */
  channels: number;
  /** Channels that go out. */
  filters: number;
  /** Temporal stride. */
  stride: number;
  /** The first block of all, which has no residual connection around it. */
  first: boolean;
}

/** The spatial and temporal half of one block, up to the residual connection, which {@link gcn} adds. */
export type GcnBlock = (x: SymbolicTensor, place: GcnBlockPlace, parts: GcnParts) => SymbolicTensor;

/**
 * The network that the graph networks of this package share: the stream that is made of the skeleton, batch
 * normalisation of each joint's coordinates, blocks relu(block(x) + shortcut(x)) in stages, and the mean over frames,
 * joints and the bodies that are there. Shortcuts that change shape are pointwise convolutions with batch
 * normalisation; the first block has none.
 *
 * @param network how to call it in messages
 * @throws {EncoderConfigError} when a size does not fit; the message names one that does
 */
export function gcn(network: string, config: GcnConfig, block: GcnBlock): Encoder {
  const { frames, persons = 2, coordinates = 3, blocks = [4, 3, 3], width = 64 } = config;
  const { layout = 'ntu-rgb+d', initialStride = 1, dropout = 0, name = 'skeleton' } = config;
  const graph = skeletonGraph(layout);
  check(network, { frames, persons, coordinates, width, initialStride, dropout, blocks });

  const skeleton = input({ shape: [persons, frames, graph.joints, coordinates], name });
  const presence = new BodyPresence({ name: `${name}Presence` }).apply(skeleton) as SymbolicTensor;
  const seed = seeds(config.seed);
  const parts: GcnParts = {
    graph,
    seed,
    name: (part) => `${name}${part}`,
    // One body is always there, or there is nothing to classify: weighting the statistics would only cost time.
    norm: (x, part) =>
      new BatchNorm({ name: `${name}${part}` }).apply(persons > 1 ? [x, presence] : x) as SymbolicTensor,
    relu: (x, part) =>
      layers.activation({ activation: 'relu', name: `${name}${part}` }).apply(x) as SymbolicTensor,
    temporal: (x, part, filters, kernelSize, stride, dilation) => {
      const options = { filters, kernelSize, stride, dilation, seed: seed() };
      return new TemporalConvolution({ ...options, name: `${name}${part}` }).apply(x) as SymbolicTensor;
    },
  };

  let x = skeletonStream(skeleton, graph, name, config);
  // Each joint's coordinates have statistics of their own.
  x = reshape(x, [persons, frames, graph.joints * coordinates], `${name}Flat`);
  x = parts.norm(x, 'InputNorm');
  x = reshape(x, [persons, frames, graph.joints, coordinates], `${name}Joints`);

  const stages: SymbolicTensor[] = [];
  let channels = coordinates;
  for (const [s, count] of blocks.entries()) {
    for (let b = 0; b < count; b++) {
      const part = `Stage${s + 1}Block${b + 1}`;
      const filters = width * 2 ** s;
      const first = s === 0 && b === 0;
      const stride = first ? initialStride : s > 0 && b === 0 ? 2 : 1;

      let y = block(x, { part, channels, filters, stride, first }, parts);
      if (dropout > 0) {
        const drop = new SeededDropout({ rate: dropout, seed: seed(), name: `${name}${part}Dropout` });
        y = drop.apply(y) as SymbolicTensor;
      }
      if (!first) {
        const same = channels === filters && stride === 1;
        const shortcut = same
          ? x
          : parts.norm(parts.temporal(x, `${part}Shortcut`, filters, 1, stride), `${part}ShortcutNorm`);
        y = layers.add({ name: `${name}${part}Add` }).apply([y, shortcut]) as SymbolicTensor;
      }
      const last = b === count - 1;
      x = parts.relu(y, last && persons === 1 ? `Stage${s + 1}` : `${part}Relu`);
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
  checkWhole(network, { frames, persons, coordinates, width, initialStride });
  if (blocks.length === 0 || !blocks.every((count) => Number.isInteger(count) && count > 0)) {
    refuse(network, `got blocks [${blocks}]; expected a whole number above 0 for each stage.`);
  }
  checkDropout(network, dropout);
  const smallest = initialStride * 2 ** (blocks.length - 1);
  if (frames < smallest) {
    refuse(
      network,
      `got ${frames} frames for a temporal stride of ${smallest} in all; expected ${smallest} frames or more. Fewer ` +
        `stages (blocks) or a smaller initialStride need fewer.`,
    );
  }
}

/** @throws {EncoderConfigError} when a kernel that must be centred on a frame is not odd */
export function checkTemporalKernel(network: string, temporalKernel: number): void {
  if (Number.isInteger(temporalKernel) && temporalKernel > 0 && temporalKernel % 2 === 1) return;
  refuse(network, `got temporalKernel ${temporalKernel}; expected an odd number above 0, such as 5 or 9.`);
}
