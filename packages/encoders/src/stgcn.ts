import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Encoder } from './encoder.js';
import { EncoderConfigError } from './encoderConfigError.js';
import { BatchNorm } from './layers/batchNorm.js';
import { BodyMask, BodyMean, BodyPresence, RootCentering } from './layers/bodies.js';
import { GraphConvolution } from './layers/graphConvolution.js';
import { TemporalConvolution } from './layers/temporalConvolution.js';
import { seeds } from './seeds.js';
import { adjacency, type PartitionStrategy } from './skeleton/adjacency.js';
import { type SkeletonGraph, type SkeletonLayout, skeletonGraph } from './skeleton/graphs.js';

/** What {@link stgcn} can be told. Only `frames` has no default. */
export interface StgcnConfig {
  /** Frames of a clip. At least the product of the temporal strides. */
  frames: number;
  /** Bodies of a clip, absent ones all zero. Default 2. */
  persons?: number;
  /** The skeleton. Default `'ntu-rgb+d'`. */
  layout?: SkeletonLayout | SkeletonGraph;
  /** Coordinates of a joint. Default 3. */
  coordinates?: number;
  /** Default `'spatial'`. */
  partition?: PartitionStrategy;
  /** Learned edge importance weighting. Default true. */
  edgeImportance?: boolean;
  /** Number of blocks of each stage. Default [4, 3, 3]. */
  blocks?: readonly number[];
  /** Channels of the first stage; each further stage doubles them and halves the frames. Default 64. */
  width?: number;
  /** Frames that a temporal convolution spans; odd. Default 9. */
  temporalKernel?: number;
  /** Temporal stride of the first block. Default 1. */
  initialStride?: number;
  /** Share of activations dropped at the end of each block in training. In [0, 1); default 0. */
  dropout?: number;
  /**
   * `'root'`: a layer inside the model moves the skeleton's center joint to the origin, see {@link RootCentering};
   * `'none'`: coordinates enter as they are. Default `'root'`.
   */
  normalize?: 'root' | 'none';
  /** Name of the modality: of the input, and in front of every layer's name. Default `'skeleton'`. */
  name?: string;
  /** Seed of the initial weights. Absent: different each time. */
  seed?: number;
}

/**
 * ST-GCN: Yan, Xiong & Lin, "Spatial Temporal Graph Convolutional Networks for Skeleton-Based Action Recognition",
 * AAAI 2018. Blocks of a spatial graph convolution and a temporal convolution with a residual connection; with the
 * defaults, 25 joints and a classifier for 60 classes it has the published 3.10 M parameters.
 *
 * Input: [batch, persons, frames, joints, coordinates], in metres. Stages: the same rank, channels last. Features:
 * [batch, width * 2^(stages - 1)], the mean over frames, joints and the bodies that are there. Absent bodies count
 * neither there nor in the statistics of batch normalisation, and are zero in each stage's output.
 *
 * @throws {EncoderConfigError} when a size does not fit; the message names one that does
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { stgcn } from '@amr/encoders';
 *
 * const { model, stages } = stgcn({ frames: 16, persons: 1, layout: 'utd-mhad', width: 8, blocks: [1, 1] });
 * console.log(stages.map((stage) => stage.shape)); // [[null, 1, 16, 20, 8], [null, 1, 8, 20, 16]]
 * const features = model.predict(tf.randomNormal([2, 1, 16, 20, 3])) as tf.Tensor; // [2, 16]
 * ```
 */
export function stgcn(config: StgcnConfig): Encoder {
  const { frames, persons = 2, coordinates = 3, blocks = [4, 3, 3], width = 64 } = config;
  const { layout = 'ntu-rgb+d', partition = 'spatial', edgeImportance = true, normalize = 'root' } = config;
  const { temporalKernel = 9, initialStride = 1, dropout = 0, name = 'skeleton' } = config;
  const graph = skeletonGraph(layout);
  check({ frames, persons, coordinates, width, temporalKernel, initialStride, dropout, normalize, blocks });
  const edges = adjacency(graph, partition);
  const seed = seeds(config.seed);

  const skeleton = input({ shape: [persons, frames, graph.joints, coordinates], name });
  const presence = new BodyPresence({ name: `${name}Presence` }).apply(skeleton) as SymbolicTensor;
  // One body is always there, or there is nothing to classify: weighting the statistics would only cost time.
  const norm = (x: SymbolicTensor, part: string) =>
    new BatchNorm({ name: `${name}${part}` }).apply(persons > 1 ? [x, presence] : x) as SymbolicTensor;
  const relu = (x: SymbolicTensor, part: string) =>
    layers.activation({ activation: 'relu', name: `${name}${part}` }).apply(x) as SymbolicTensor;
  const temporal = (x: SymbolicTensor, part: string, filters: number, kernelSize: number, stride: number) =>
    new TemporalConvolution({ filters, kernelSize, stride, seed: seed(), name: `${name}${part}` }).apply(
      x,
    ) as SymbolicTensor;

  let x = skeleton;
  if (normalize === 'root') {
    x = new RootCentering({ root: graph.center, name: `${name}Centered` }).apply(x) as SymbolicTensor;
  }
  // Each joint's coordinates have statistics of their own.
  x = reshape(x, [persons, frames, graph.joints * coordinates], `${name}Flat`);
  x = norm(x, 'InputNorm');
  x = reshape(x, [persons, frames, graph.joints, coordinates], `${name}Joints`);

  const stages: SymbolicTensor[] = [];
  let channels = coordinates;
  for (const [s, count] of blocks.entries()) {
    for (let b = 0; b < count; b++) {
      const part = `Stage${s + 1}Block${b + 1}`;
      const filters = width * 2 ** s;
      const first = s === 0 && b === 0;
      const stride = first ? initialStride : s > 0 && b === 0 ? 2 : 1;

      let y = new GraphConvolution({
        filters,
        adjacency: edges,
        edgeImportance,
        seed: seed(),
        name: `${name}${part}Graph`,
      }).apply(x) as SymbolicTensor;
      y = relu(norm(y, `${part}GraphNorm`), `${part}GraphRelu`);
      y = norm(temporal(y, `${part}Temporal`, filters, temporalKernel, stride), `${part}TemporalNorm`);
      if (dropout > 0) {
        const drop = layers.dropout({ rate: dropout, seed: seed(), name: `${name}${part}Dropout` });
        y = drop.apply(y) as SymbolicTensor;
      }
      if (!first) {
        const same = channels === filters && stride === 1;
        const shortcut = same
          ? x
          : norm(temporal(x, `${part}Shortcut`, filters, 1, stride), `${part}ShortcutNorm`);
        y = layers.add({ name: `${name}${part}Add` }).apply([y, shortcut]) as SymbolicTensor;
      }
      const last = b === count - 1;
      x = relu(y, last && persons === 1 ? `Stage${s + 1}` : `${part}Relu`);
      channels = filters;
    }
    if (persons > 1)
      x = new BodyMask({ name: `${name}Stage${s + 1}` }).apply([x, presence]) as SymbolicTensor;
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

function check(
  config: Required<
    Pick<
      StgcnConfig,
      | 'frames'
      | 'persons'
      | 'coordinates'
      | 'width'
      | 'temporalKernel'
      | 'initialStride'
      | 'dropout'
      | 'normalize'
      | 'blocks'
    >
  >,
): void {
  const { frames, temporalKernel, initialStride, dropout, normalize, blocks } = config;
  for (const option of [
    'frames',
    'persons',
    'coordinates',
    'width',
    'temporalKernel',
    'initialStride',
  ] as const) {
    if (!(Number.isInteger(config[option]) && config[option] > 0)) {
      throw new EncoderConfigError(
        `stgcn: got ${option} ${config[option]}; expected a whole number above 0.`,
      );
    }
  }
  if (blocks.length === 0 || !blocks.every((count) => Number.isInteger(count) && count > 0)) {
    throw new EncoderConfigError(
      `stgcn: got blocks [${blocks}]; expected a whole number above 0 for each stage.`,
    );
  }
  if (temporalKernel % 2 === 0) {
    throw new EncoderConfigError(
      `stgcn: got temporalKernel ${temporalKernel}; expected an odd number, for instance ${temporalKernel + 1}.`,
    );
  }
  if (!(dropout >= 0 && dropout < 1)) {
    throw new EncoderConfigError(`stgcn: got dropout ${dropout}; expected a number in [0, 1).`);
  }
  if (normalize !== 'root' && normalize !== 'none') {
    throw new EncoderConfigError(`stgcn: got normalize '${normalize}'; expected 'root' or 'none'.`);
  }
  const smallest = initialStride * 2 ** (blocks.length - 1);
  if (frames < smallest) {
    throw new EncoderConfigError(
      `stgcn: got ${frames} frames for a temporal stride of ${smallest} in all; expected ${smallest} frames or more. ` +
        `Fewer stages (blocks) or a smaller initialStride need fewer.`,
    );
  }
}
