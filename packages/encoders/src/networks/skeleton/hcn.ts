import { seeds } from '@amr/layers';
import { initializers, input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Encoder } from '../../encoder.js';
import { BodyMask, BodyPresence } from '../../layers/bodies/bodies.js';
import { BodyConv2D } from '../../layers/bodies/bodyConv2D.js';
import { BodyMaxPool } from '../../layers/bodies/bodyMaxPool.js';
import { BodyPool } from '../../layers/bodies/bodyPool.js';
import { ChannelConcat } from '../../layers/channelConcat.js';
import { TemporalConvolution } from '../../layers/convolution/temporalConvolution.js';
import { JointsAsChannels } from '../../layers/joints/jointsAsChannels.js';
import { Motion } from '../../layers/joints/motion.js';
import { SeededDropout } from '../../layers/seededDropout.js';
import {
  checkCounts,
  checkFraction,
  checkKeys,
  checkOneOf,
  checkOption,
  type KeysOf,
} from '../../options.js';
import { graphOf, type SkeletonGraph, type SkeletonLayout } from '../../skeleton/graphs.js';
import { type SkeletonStreamConfig, skeletonStream, streamKeys } from '../../skeleton/skeletonStream.js';

/** Config of {@link hcn}. Everything has a default. */
export interface HcnConfig extends SkeletonStreamConfig {
  /** Frames of a clip, to which the data set resamples it; 16 or more. Default 32, as in the paper; the authors' code has 64. */
  frames?: number;
  /** Bodies of a clip, absent ones all zero. Default 2. */
  persons?: number;
  /** The skeleton. Default `'ntu-rgb+d'`. */
  layout?: SkeletonLayout | SkeletonGraph;
  /** Coordinates of a joint. Default 3. */
  coordinates?: number;
  /** Channels of the first and the fourth convolution; the fifth has twice, the sixth four times as many. Default 64. */
  width?: number;
  /** Channels that become a spatial axis next to the frames when the joints become channels; 16 or more. Default half the width. */
  pointChannels?: number;
  /** Width of the features, the layer after the bodies' pooling. Default 4 times the width. */
  hidden?: number;
  /** How the bodies' features are pooled, element by element. Default `'max'`, the paper's choice. */
  pooling?: 'max' | 'mean';
  /** Share of activations dropped in training after the convolutions 4, 5, 6 and the features. In [0, 1); default 0. */
  dropout?: number;
  /** Name of the modality: the input has it, and every layer's name starts with it. Default `'skeleton'`. */
  name?: string;
  /** Seed of the initial weights and of dropout. Absent: different each time. */
  seed?: number;
}

/**
 * HCN: Li, Zhong, Xie & Pu, "Co-occurrence Feature Learning from Skeleton Data for Action Recognition and Detection with
 * Hierarchical Aggregation", IJCAI 2018 (arXiv 1804.06055), section 3. Convolutions first learn features of
 * each joint alone; then joints become channels, so that the next convolutions see all of them. Joints and their motion
 * have a branch each. Bodies are pooled by an element-wise maximum over those that are present.
 *
 * Sizes are those of the authors' code: with the defaults and a classifier for 60 classes 784,892 parameters, 1,047,036
 * at 64 frames. Later papers print 2.64 M, which a reproduction has: `frames: 64, pointChannels: 64, hidden: 512`. The
 * network has no batch normalisation, so it needs a smaller learning rate than the graph networks (0.001 for Adam).
 * Motion is x[t] - x[t - 1].
 *
 * Input: [batch, persons, frames, joints, coordinates], in metres. Stages: [batch, persons, frames / 4, pointChannels /
 * 4, 2 width], then half of both sizes, and half again, absent bodies zero. Features: [batch, hidden].
 *
 * @throws {EncoderConfigError} when a size does not fit; the message names one that does
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { hcn } from '@amr/encoders';
 *
 * const { model, stages } = hcn({ frames: 16, layout: 'utd-mhad', width: 8, pointChannels: 16 });
 * console.log(stages.map((stage) => stage.shape)); // [[null, 2, 4, 4, 16], [null, 2, 2, 2, 16], [null, 2, 1, 1, 32]]
 * const features = model.predict(tf.randomNormal([1, 2, 16, 20, 3])) as tf.Tensor; // [1, 32]
 * ```
 */
export function hcn(config: HcnConfig = {}): Encoder {
  const { frames = 32, persons = 2, layout = 'ntu-rgb+d', coordinates = 3, width = 64 } = config;
  const { pointChannels = width / 2, hidden = 4 * width, dropout = 0, name = 'skeleton' } = config;
  const { pooling = 'max', confidence = false } = config;
  checkKeys('hcn', config, hcnKeys);
  const graph = graphOf('hcn.layout', layout);
  check({ frames, persons, coordinates, width, pointChannels, hidden, dropout, pooling });

  const seed = seeds(config.seed);
  const named = (part: string) => ({ name: `${name}${part}` });
  const conv = (x: SymbolicTensor, part: string, filters: number) =>
    new BodyConv2D({ filters, seed: seed(), ...named(part) }).apply(x) as SymbolicTensor;
  const pointwise = (x: SymbolicTensor, part: string, filters: number, kernelSize: number) =>
    new TemporalConvolution({ filters, kernelSize, seed: seed(), ...named(part) }).apply(x) as SymbolicTensor;
  const pool = (x: SymbolicTensor, part: string) => new BodyMaxPool(named(part)).apply(x) as SymbolicTensor;
  const relu = (x: SymbolicTensor, part: string) =>
    layers.activation({ activation: 'relu', ...named(part) }).apply(x) as SymbolicTensor;
  const drop = (x: SymbolicTensor, part: string) =>
    dropout > 0
      ? (new SeededDropout({ rate: dropout, seed: seed(), ...named(part) }).apply(x) as SymbolicTensor)
      : x;

  const skeleton = input({ shape: [persons, frames, graph.joints, coordinates], name });
  const presence = new BodyPresence(named('Presence')).apply(skeleton) as SymbolicTensor;
  const stages: SymbolicTensor[] = [];
  /** Adds a stage, in which absent bodies are zero: a fusion averages over all bodies. */
  const stage = (x: SymbolicTensor) => {
    stages.push(new BodyMask(named(`Stage${stages.length + 1}`)).apply([x, presence]) as SymbolicTensor);
    return stages.at(-1)!;
  };

  const branch = (joints: SymbolicTensor, part: string) => {
    let x = relu(pointwise(joints, `${part}Conv1`, width, 1), `${part}Relu1`);
    x = pointwise(x, `${part}Conv2`, pointChannels, 3);
    x = new JointsAsChannels(named(`${part}Joints`)).apply(x) as SymbolicTensor;
    x = pool(conv(x, `${part}Conv3`, width / 2), `${part}Pool3`);
    return drop(pool(conv(x, `${part}Conv4`, width), `${part}Pool4`), `${part}Dropout4`);
  };
  const points = skeletonStream('hcn', skeleton, graph, name, config);
  const difference = new Motion({ reference: 'previous', confidence, ...named('Difference') });
  const motion = difference.apply(points) as SymbolicTensor;
  const branches = [branch(points, 'Point'), branch(motion, 'Motion')];
  let x = stage(new ChannelConcat(named('Branches')).apply(branches) as SymbolicTensor);
  x = stage(drop(relu(pool(conv(x, 'Conv5', 2 * width), 'Pool5'), 'Relu5'), 'Dropout5'));
  x = stage(relu(pool(conv(x, 'Conv6', 4 * width), 'Pool6'), 'Relu6'));

  x = new BodyPool({ pooling, ...named('Bodies') }).apply([x, presence]) as SymbolicTensor;
  // Channels first, the order in which PyTorch flattens, so that its weights fit.
  x = layers.permute({ dims: [3, 1, 2], ...named('ChannelsFirst') }).apply(x) as SymbolicTensor;
  x = drop(layers.flatten(named('Flat')).apply(x) as SymbolicTensor, 'Dropout6');
  const kernelInitializer = initializers.heNormal({ seed: seed() });
  x = layers.dense({ units: hidden, kernelInitializer, ...named('Fc7') }).apply(x) as SymbolicTensor;
  const features = drop(relu(x, dropout > 0 ? 'Relu7' : 'Features'), 'Features');
  return {
    model: model({ inputs: skeleton, outputs: features, name: `${name}Encoder` }),
    stages,
    input: skeleton,
    features,
  };
}

const hcnKeys: KeysOf<HcnConfig> = {
  ...streamKeys,
  frames: true,
  persons: true,
  layout: true,
  coordinates: true,
  width: true,
  pointChannels: true,
  hidden: true,
  pooling: true,
  dropout: true,
  name: true,
  seed: true,
};

type Checked = Required<
  Pick<
    HcnConfig,
    'frames' | 'persons' | 'coordinates' | 'width' | 'pointChannels' | 'hidden' | 'dropout' | 'pooling'
  >
>;

function check({ dropout, pooling, ...sizes }: Checked): void {
  const { frames, width, pointChannels } = sizes;
  // First, since pointChannels is half of it by default.
  checkOption('hcn.width', width, width % 2 === 0, 'an even number: a convolution has half as many channels');
  checkCounts('hcn', sizes);
  const sixteen = '16 or more: the network halves it four times';
  checkOption('hcn.frames', frames, frames >= 16, sixteen);
  const advice = `By default it is half the width, ${width}.`;
  checkOption('hcn.pointChannels', pointChannels, pointChannels >= 16, sixteen, advice);
  checkFraction('hcn.dropout', dropout);
  checkOneOf('hcn.pooling', pooling, ['max', 'mean']);
}
