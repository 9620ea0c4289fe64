import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Encoder } from './encoder.js';
import { EncoderConfigError } from './encoderConfigError.js';
import { BatchNorm } from './layers/batchNorm.js';
import { ChannelNormalization } from './layers/channelNormalization.js';
import { GlobalAverage } from './layers/globalAverage.js';
import { PaddedConv3D, type Size3 } from './layers/paddedConv3D.js';
import { PaddedMaxPool3D } from './layers/paddedMaxPool3D.js';
import { seeds } from './seeds.js';

/** What {@link resnet3d} can be told. Only `inputShape` has no default. */
export interface Resnet3dConfig {
  /** [frames, height, width, channels] of a clip: 3 channels for RGB, 1 for depth. */
  inputShape: readonly [frames: number, height: number, width: number, channels: number];
  /** Layers: 10, 18 and 34 have basic blocks, 50 has bottlenecks. Default 18. */
  depth?: 10 | 18 | 34 | 50;
  /** Number of blocks of each stage, instead of the depth's own, such as [1, 1, 1]. */
  blocks?: readonly number[];
  /** Channels of the first stage; each further stage doubles them. Default 64. */
  width?: number;
  /**
   * `'hara'`: kernel [7, 7, 7], stride [1, 2, 2] and a max pool of stride 2 (Hara et al., CVPR 2018); `'r3d'`: kernel
   * [3, 7, 7], stride [1, 2, 2], no pool (Tran et al., CVPR 2018), at eight times the cost behind it. Default
   * `'hara'`.
   */
  stem?: 'hara' | 'r3d';
  /** The stem's kernel, instead of its own; odd sizes. */
  stemKernel?: Size3;
  /** The stem's stride, instead of its own. */
  stemStride?: Size3;
  /** The stride of the stem's max pool, instead of its own; null for no pool. */
  poolStride?: Size3 | null;
  /** Stride of each stage's first block. Default [1, 1, 1], then [2, 2, 2] each. */
  strides?: readonly Size3[];
  /** Mean of the input, per channel or for all. Default Kinetics-400's for 3 channels, otherwise 0.45. */
  mean?: number[];
  /** Standard deviation of the input, per channel or for all. Default Kinetics-400's for 3 channels, otherwise 0.225. */
  std?: number[];
  /** Name of the modality: of the input, and in front of every layer's name. Default `'rgb'`. */
  name?: string;
  /** Seed of the initial weights. Absent: different each time. */
  seed?: number;
}

const blocksOfDepth: { [depth: number]: readonly number[] } = {
  10: [1, 1, 1, 1],
  18: [2, 2, 2, 2],
  34: [3, 4, 6, 3],
  50: [3, 4, 6, 3],
};

const stems: { [stem: string]: { kernel: Size3; stride: Size3; pool: Size3 | null } } = {
  hara: { kernel: [7, 7, 7], stride: [1, 2, 2], pool: [2, 2, 2] },
  r3d: { kernel: [3, 7, 7], stride: [1, 2, 2], pool: null },
};

/**
 * 3D residual network for video: Hara, Kataoka & Satoh, "Can Spatiotemporal 3D CNNs Retrace the History of 2D CNNs
 * and ImageNet?", CVPR 2018, or with `stem: 'r3d'` the R3D of Tran et al., "A Closer Look at Spatiotemporal
 * Convolutions for Action Recognition", CVPR 2018. Shortcuts that change shape are convolutions with batch
 * normalisation. With `stem: 'r3d'`, depth 18 and a classifier for 400 classes it has torchvision's 33,371,472
 * parameters.
 *
 * Input: [batch, frames, height, width, channels] with values in [0, 1]; the normalisation by mean and std is a layer
 * of the model. Stages: the same rank. Features: [batch, C], the mean over frames and pixels.
 *
 * @throws {EncoderConfigError} when a size does not fit; the message names one that does
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { resnet3d } from '@amr/encoders';
 *
 * const { model, stages } = resnet3d({ inputShape: [4, 16, 16, 3], width: 4, blocks: [1, 1], stem: 'r3d' });
 * console.log(stages.map((stage) => stage.shape)); // [[null, 4, 8, 8, 4], [null, 2, 4, 4, 8]]
 * const features = model.predict(tf.randomUniform([2, 4, 16, 16, 3])) as tf.Tensor; // [2, 8]
 * ```
 */
export function resnet3d(config: Resnet3dConfig): Encoder {
  const { inputShape, depth = 18, width = 64, name = 'rgb' } = config;
  const plan = planOf(config);
  const seed = seeds(config.seed);
  const bottleneck = depth === 50;
  const expansion = bottleneck ? 4 : 1;

  const conv = (
    x: SymbolicTensor,
    part: string,
    filters: number,
    kernelSize: Size3,
    strides: Size3 = [1, 1, 1],
  ) => {
    const options = { filters, kernelSize, strides, seed: seed() };
    const y = new PaddedConv3D({ ...options, name: `${name}${part}` }).apply(x) as SymbolicTensor;
    return new BatchNorm({ name: `${name}${part}Norm` }).apply(y) as SymbolicTensor;
  };
  const relu = (x: SymbolicTensor, part: string) =>
    layers.activation({ activation: 'relu', name: `${name}${part}` }).apply(x) as SymbolicTensor;

  const video = input({ shape: [...inputShape], name });
  const { mean, std } = plan;
  let x = new ChannelNormalization({ mean, std, name: `${name}Normalized` }).apply(video) as SymbolicTensor;
  x = relu(conv(x, 'Stem', width, plan.kernel, plan.stride), 'StemRelu');
  if (plan.pool) {
    x = new PaddedMaxPool3D({ strides: plan.pool, name: `${name}StemPool` }).apply(x) as SymbolicTensor;
  }

  const stages: SymbolicTensor[] = [];
  let inward = width;
  for (const [s, count] of plan.blocks.entries()) {
    const planes = width * 2 ** s;
    for (let b = 0; b < count; b++) {
      const part = `Stage${s + 1}Block${b + 1}`;
      const stride: Size3 = b === 0 ? plan.strides[s]! : [1, 1, 1];
      let y: SymbolicTensor;
      if (bottleneck) {
        y = relu(conv(x, `${part}Conv1`, planes, [1, 1, 1]), `${part}Relu1`);
        y = relu(conv(y, `${part}Conv2`, planes, [3, 3, 3], stride), `${part}Relu2`);
        y = conv(y, `${part}Conv3`, planes * expansion, [1, 1, 1]);
      } else {
        y = relu(conv(x, `${part}Conv1`, planes, [3, 3, 3], stride), `${part}Relu1`);
        y = conv(y, `${part}Conv2`, planes, [3, 3, 3]);
      }
      const same = inward === planes * expansion && stride.every((step) => step === 1);
      const shortcut = same ? x : conv(x, `${part}Shortcut`, planes * expansion, [1, 1, 1], stride);
      y = layers.add({ name: `${name}${part}Add` }).apply([y, shortcut]) as SymbolicTensor;
      x = relu(y, b === count - 1 ? `Stage${s + 1}` : `${part}Relu`);
      inward = planes * expansion;
    }
    stages.push(x);
  }
  const features = new GlobalAverage({ name: `${name}Features` }).apply(x) as SymbolicTensor;
  return {
    model: model({ inputs: video, outputs: features, name: `${name}Encoder` }),
    stages,
    input: video,
    features,
  };
}

/** The config with its defaults, checked. */
function planOf(config: Resnet3dConfig) {
  const { inputShape, depth = 18, width = 64, stem = 'hara' } = config;
  const fail = (message: string): never => {
    throw new EncoderConfigError(`resnet3d: ${message}`);
  };
  const whole = (option: string, value: number) => {
    if (!(Number.isInteger(value) && value > 0))
      fail(`got ${option} ${value}; expected a whole number above 0.`);
  };
  if (inputShape?.length !== 4) {
    fail(
      `got inputShape [${inputShape}]; expected [frames, height, width, channels], such as [16, 112, 112, 3].`,
    );
  }
  for (const size of inputShape) whole(`a size in inputShape [${inputShape}]:`, size);
  whole('width', width);
  const channels = inputShape[3];
  const own = stems[stem] ?? fail(`got stem '${stem}'; expected 'hara' or 'r3d'.`);
  const blocks =
    config.blocks ?? blocksOfDepth[depth] ?? fail(`got depth ${depth}; expected 10, 18, 34 or 50.`);
  if (blocks.length === 0)
    fail('got no blocks; expected a number of blocks for each stage, such as [1, 1, 1, 1].');
  for (const count of blocks) whole('blocks', count);
  const strides = config.strides ?? blocks.map((_, s): Size3 => (s === 0 ? [1, 1, 1] : [2, 2, 2]));
  if (strides.length !== blocks.length) {
    fail(
      `got ${strides.length} strides for ${blocks.length} stages; expected one [frames, height, width] for each.`,
    );
  }
  const kernel = config.stemKernel ?? own.kernel;
  const stride = config.stemStride ?? own.stride;
  const pool = config.poolStride === undefined ? own.pool : config.poolStride;
  for (const size of [kernel, stride, ...(pool ? [pool] : []), ...strides].flat())
    whole('a kernel or stride of', size);
  if (kernel.some((size) => size % 2 === 0)) fail(`got stemKernel [${kernel}]; expected odd sizes.`);

  for (const [axis, option] of ['frames', 'height', 'width'].entries()) {
    const size = inputShape[axis]!;
    const all = [stride, ...(pool ? [pool] : []), ...strides];
    const smallest = all.reduce((product, step) => product * step[axis]!, 1);
    if (size < smallest) {
      fail(
        `got inputShape [${inputShape}], that is ${option} ${size}, for a stride of ${smallest} in all; expected ${option} ${smallest} or more. Smaller ` +
          `strides (strides, stemStride, poolStride) or fewer stages (blocks) need less.`,
      );
    }
  }
  const kinetics = channels === 3;
  const mean = config.mean ?? (kinetics ? [0.43216, 0.394666, 0.37645] : [0.45]);
  const std = config.std ?? (kinetics ? [0.22803, 0.22145, 0.216989] : [0.225]);
  if (
    mean.length !== std.length ||
    ![1, channels].includes(mean.length) ||
    !std.every((value) => value > 0)
  ) {
    fail(
      `got mean [${mean}] and std [${std}] for ${channels} channels; expected one value each, or one per channel, std above 0.`,
    );
  }
  return { kernel, stride, pool, strides, blocks, mean, std };
}
