import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { basicBlock } from '../../blocks/video/basicBlock.js';
import { bottleneck } from '../../blocks/video/bottleneck.js';
import { kineticsNormalization } from '../../blocks/video/normalization.js';
import { type ConvolutionKind, factored } from '../../blocks/video/spatiotemporal.js';
import { checkBlocks, checkInputShape, normalizationOf } from '../../blocks/video/videoChecks.js';
import { type VideoConfig, videoKeys } from '../../blocks/video/videoConfig.js';
import { residualStages, type VideoNetworkBuilder, videoNetwork } from '../../blocks/video/videoNetwork.js';
import type { Encoder } from '../../encoder.js';
import type { Size3 } from '../../layers/convolution/paddedConv3D.js';
import { PaddedMaxPool3D } from '../../layers/pooling/paddedMaxPool3D.js';
import { checkCount, checkKeys, checkOneOf, checkOption, type KeysOf } from '../../options.js';

/**
 * How the blocks convolve over time, in the words of Tran et al., "A Closer Look at Spatiotemporal Convolutions for
 * Action Recognition", CVPR 2018:
 *
 * - `'r3d'`: 3x3x3 everywhere.
 * - `'mc3'`: 3x3x3 in the first stage, 1x3x3 in all further ones, which keep the number of frames (unless `strides`
 *   says otherwise).
 * - `'r2plus1d'`: 1x3x3, batch normalisation, relu, then 3x1x1, with the number of channels between the two that gives
 *   as many weights as a 3x3x3 convolution has.
 */
export type VideoConvolution = 'r3d' | 'mc3' | 'r2plus1d';

/**
 * Config of {@link resnet3d}. Only `inputShape` has no default. The default mean and std are Kinetics-400's for 3 channels,
 * otherwise 0.45 and 0.225.
 */
export interface Resnet3dConfig extends VideoConfig {
  /** Layers: 10, 18 and 34 have basic blocks, 50 has bottlenecks. Default 18. */
  depth?: 10 | 18 | 34 | 50;
  /** Number of blocks of each stage, such as [1, 1, 1]. Default: those of the depth. */
  blocks?: readonly number[];
  /** Channels of the first stage; each further stage doubles them. Default 64. */
  width?: number;
  /** How the blocks convolve over time: see {@link VideoConvolution}. Default `'r3d'`. */
  convolution?: VideoConvolution;
  /**
   * `'hara'`: kernel [7, 7, 7], stride [1, 2, 2] and a max pool of stride 2 (Hara et al., CVPR 2018); `'r3d'`: kernel
   * [3, 7, 7], stride [1, 2, 2], no pool (Tran et al., CVPR 2018), which makes all later layers eight times as costly;
   * `'r2plus1d'`: the same in two steps, [1, 7, 7] onto 45 / 64 of the channels and [3, 1, 1]. Default `'hara'`.
   */
  stem?: 'hara' | 'r3d' | 'r2plus1d';
  /** The stem's kernel; odd sizes. Default: that of `stem`. */
  stemKernel?: Size3;
  /** The stem's stride. Default: that of `stem`. */
  stemStride?: Size3;
  /** The stride of the stem's max pool; null for no pool. Default: that of `stem`. */
  poolStride?: Size3 | null;
  /** Stride of each stage's first block. Default [1, 1, 1], then [2, 2, 2] each, or [1, 2, 2] each with `'mc3'`. */
  strides?: readonly Size3[];
}

/** Config of {@link r3d}, {@link mc3} and {@link r2plus1d}. */
export type TorchvisionVideoConfig = Omit<Resnet3dConfig, 'stem' | 'convolution'>;

const torchvisionKeys: KeysOf<TorchvisionVideoConfig> = {
  ...videoKeys,
  depth: true,
  blocks: true,
  width: true,
  stemKernel: true,
  stemStride: true,
  poolStride: true,
  strides: true,
};

const blocksOfDepth: { [depth: number]: readonly number[] } = {
  10: [1, 1, 1, 1],
  18: [2, 2, 2, 2],
  34: [3, 4, 6, 3],
  50: [3, 4, 6, 3],
};

const stems: { [stem: string]: { kernel: Size3; stride: Size3; pool: Size3 | null } } = {
  hara: { kernel: [7, 7, 7], stride: [1, 2, 2], pool: [2, 2, 2] },
  r3d: { kernel: [3, 7, 7], stride: [1, 2, 2], pool: null },
  r2plus1d: { kernel: [3, 7, 7], stride: [1, 2, 2], pool: null },
};

/** The kind of convolution of a stage, the first being 0, and the temporal stride of all but the first. */
const convolutions: { [convolution: string]: { kind(stage: number): ConvolutionKind; step: number } } = {
  r3d: { kind: () => 'joint', step: 2 },
  mc3: { kind: (stage) => (stage === 0 ? 'joint' : 'spatial'), step: 1 },
  r2plus1d: { kind: () => 'factored', step: 2 },
};

/**
 * 3D residual network for video: Hara, Kataoka & Satoh, "Can Spatiotemporal 3D CNNs Retrace the History of 2D CNNs
 * and ImageNet?", CVPR 2018, or with another `stem` and `convolution` the networks of Tran et al., "A Closer Look at
 * Spatiotemporal Convolutions for Action Recognition", CVPR 2018, for which there are {@link r3d}, {@link mc3} and
 * {@link r2plus1d}. Shortcuts that change shape are convolutions with batch normalisation.
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
  checkKeys('resnet3d', config, { ...torchvisionKeys, stem: true, convolution: true });
  return residualNetwork('resnet3d', config);
}

/**
 * R3D of Tran et al., CVPR 2018, as torchvision builds it: {@link resnet3d} with the `'r3d'` stem and convolution. At
 * depth 18 and with a classifier for 400 classes it has r3d_18's 33,371,472 parameters; its published input is 16
 * frames of 112 x 112 pixels.
 *
 * @throws {EncoderConfigError} when a size does not fit; the message names one that does
 * @example
 * ```ts
 * import { r3d } from '@amr/encoders';
 *
 * const { features } = r3d({ inputShape: [4, 16, 16, 3], width: 4, blocks: [1, 1] });
 * console.log(features.shape); // [null, 8]
 * ```
 */
export function r3d(config: TorchvisionVideoConfig): Encoder {
  checkKeys('r3d', config, torchvisionKeys);
  return residualNetwork('r3d', { ...config, stem: 'r3d', convolution: 'r3d' });
}

/**
 * MC3 of Tran et al., CVPR 2018, as torchvision builds it: {@link resnet3d} with the `'r3d'` stem, 3D convolutions in
 * the first stage and 2D ones after it, which keep all frames. At depth 18 and with a classifier for 400 classes it has
 * mc3_18's 11,695,440 parameters; its published input is 16 frames of 112 x 112 pixels.
 *
 * @throws {EncoderConfigError} when a size does not fit; the message names one that does
 * @example
 * ```ts
 * import { mc3 } from '@amr/encoders';
 *
 * const { stages } = mc3({ inputShape: [4, 16, 16, 3], width: 4, blocks: [1, 1] });
 * console.log(stages[1]!.shape); // [null, 4, 4, 4, 8]
 * ```
 */
export function mc3(config: TorchvisionVideoConfig): Encoder {
  checkKeys('mc3', config, torchvisionKeys);
  return residualNetwork('mc3', { ...config, stem: 'r3d', convolution: 'mc3' });
}

/**
 * R(2+1)D of Tran et al., CVPR 2018, as torchvision builds it: {@link resnet3d} with the `'r2plus1d'` stem and
 * convolution. At depth 18 and with a classifier for 400 classes it has r2plus1d_18's 31,505,325 parameters; its
 * published input is 16 frames of 112 x 112 pixels.
 *
 * @throws {EncoderConfigError} when a size does not fit; the message names one that does
 * @example
 * ```ts
 * import { r2plus1d } from '@amr/encoders';
 *
 * const { stages } = r2plus1d({ inputShape: [4, 16, 16, 3], width: 4, blocks: [1, 1] });
 * console.log(stages[1]!.shape); // [null, 2, 4, 4, 8]
 * ```
 */
export function r2plus1d(config: TorchvisionVideoConfig): Encoder {
  checkKeys('r2plus1d', config, torchvisionKeys);
  return residualNetwork('r2plus1d', { ...config, stem: 'r2plus1d', convolution: 'r2plus1d' });
}

/** All of these networks. `network` is the name of the function that the caller used, for messages. */
function residualNetwork(network: string, config: Resnet3dConfig): Encoder {
  const { depth = 18, width = 64, stem = 'hara', convolution = 'r3d' } = config;
  const sizes = checkedSizes(network, config);
  const builder = videoNetwork(config, sizes.normalization);
  const { kind } = convolutions[convolution]!;

  let x = stemOf(builder, stem, width, sizes.kernel, sizes.stride);
  if (sizes.pool) {
    const pool = new PaddedMaxPool3D({ strides: sizes.pool, name: builder.nameOf('StemPool') });
    x = pool.apply(x) as SymbolicTensor;
  }
  const build = depth === 50 ? bottleneck : basicBlock;
  const stages = residualStages(x, sizes.blocks, (y, position) => {
    const { stage, block } = position;
    const strides: Size3 = block === 0 ? sizes.strides[stage]! : [1, 1, 1];
    return build(builder, y, position, { planes: width * 2 ** stage, strides, kind: kind(stage) });
  });
  return builder.encoder(stages, builder.pooled(stages.at(-1)!));
}

function stemOf(
  network: VideoNetworkBuilder,
  stem: string,
  filters: number,
  kernelSize: Size3,
  strides: Size3,
): SymbolicTensor {
  if (stem !== 'r2plus1d') {
    return network.activation(
      network.conv(network.normalized, 'Stem', filters, kernelSize, strides),
      'StemRelu',
    );
  }
  const middle = Math.max(1, Math.round((45 * filters) / 64));
  const y = factored(network, network.normalized, 'Stem', { filters, middle, kernelSize, strides });
  return network.activation(y, 'StemRelu');
}

/** The sizes of the config with their defaults, checked. */
function checkedSizes(network: string, config: Resnet3dConfig) {
  const { inputShape, depth = 18, width = 64, stem = 'hara', convolution = 'r3d' } = config;
  checkCount(`${network}.width`, width);
  checkOneOf(`${network}.stem`, stem, Object.keys(stems));
  checkOneOf(`${network}.convolution`, convolution, Object.keys(convolutions));
  checkOneOf(`${network}.depth`, depth, [10, 18, 34, 50]);
  const defaults = stems[stem]!;
  const { step } = convolutions[convolution]!;
  const blocks = config.blocks ?? blocksOfDepth[depth]!;
  checkBlocks(network, blocks);
  const strides = config.strides ?? blocks.map((_, stage): Size3 => (stage === 0 ? [1, 1, 1] : [step, 2, 2]));
  const stages = blocks.length;
  const expected = `one [frames, height, width] for each of ${stages} stages`;
  checkOption(`${network}.strides`, strides, strides.length === stages, expected);
  for (const [stage, one] of strides.entries()) checkSize3(`${network}.strides[${stage}]`, one);
  const kernel = config.stemKernel ?? defaults.kernel;
  checkSize3(`${network}.stemKernel`, kernel);
  const odd = kernel.every((size) => size % 2 === 1);
  checkOption(`${network}.stemKernel`, kernel, odd, 'odd sizes');
  const stride = config.stemStride ?? defaults.stride;
  checkSize3(`${network}.stemStride`, stride);
  const pool = config.poolStride === undefined ? defaults.pool : config.poolStride;
  if (pool) checkSize3(`${network}.poolStride`, pool);
  checkInputShape(
    network,
    inputShape,
    [stride, ...(pool ? [pool] : []), ...strides],
    'Smaller strides (strides, stemStride, poolStride) or fewer stages (blocks) take smaller inputs.',
  );
  const channels = inputShape[3];
  const normalization = normalizationOf(network, config, channels, kineticsNormalization(channels));
  return { kernel, stride, pool, strides, blocks, normalization };
}

function checkSize3(name: string, size: Size3): void {
  const good = Array.isArray(size) && size.length === 3;
  checkOption(name, size, good, '[frames, height, width]');
  for (const [axis, one] of size.entries()) checkCount(`${name}[${axis}]`, one);
}
