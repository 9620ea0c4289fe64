import { layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { grayNormalization } from '../../blocks/video/normalization.js';
import { checkBlocks, checkInputShape, normalizationOf } from '../../blocks/video/videoChecks.js';
import { type VideoConfig, videoKeys } from '../../blocks/video/videoConfig.js';
import {
  channelsOf,
  residualStages,
  type VideoNetworkBuilder,
  videoNetwork,
} from '../../blocks/video/videoNetwork.js';
import { innerChannels, x3dBlock } from '../../blocks/video/x3dBlock.js';
import type { Encoder } from '../../encoder.js';
import { DepthwiseConv3D } from '../../layers/convolution/depthwiseConv3D.js';
import { PaddedConv3D, type Size3 } from '../../layers/convolution/paddedConv3D.js';
import { checkCounts, checkKeys, checkOneOf } from '../../options.js';

/** Config of {@link x3d}. Everything has a default; that of mean is 0.45, that of std 0.225. */
export interface X3dConfig extends Omit<VideoConfig, 'inputShape'> {
  /**
   * One of the published expansions. XS, S and M are the same network for clips of [4, 160, 160], [13, 160, 160] and
   * [16, 224, 224]; L is deeper, for [16, 312, 312]. Default `'s'`.
   */
  size?: 'xs' | 's' | 'm' | 'l';
  /** [frames, height, width, channels] of a clip. Default: that of `size`, with 3 channels. */
  inputShape?: VideoConfig['inputShape'];
  /** Number of blocks of each stage. Default [3, 5, 11, 7], for `'l'` [5, 10, 25, 15]. */
  blocks?: readonly number[];
  /** Channels of the stem and the first stage; each further stage doubles them. Default 24. */
  width?: number;
  /** Channels of the features. Default 2048. */
  headWidth?: number;
}

type Clip = VideoConfig['inputShape'];

const sizes: { [size: string]: { inputShape: Clip; blocks: readonly number[] } } = {
  xs: { inputShape: [4, 160, 160, 3], blocks: [3, 5, 11, 7] },
  s: { inputShape: [13, 160, 160, 3], blocks: [3, 5, 11, 7] },
  m: { inputShape: [16, 224, 224, 3], blocks: [3, 5, 11, 7] },
  l: { inputShape: [16, 312, 312, 3], blocks: [5, 10, 25, 15] },
};

/**
 * X3D of Feichtenhofer, "X3D: Expanding Architectures for Efficient Video Recognition", CVPR 2020 (table 1), as
 * PyTorchVideo builds it: inverted bottlenecks with depthwise 3D convolutions, squeeze-and-excitation in every second
 * block, swish, no stride over time. The head's two pointwise convolutions, before and after the pooling, belong to
 * the encoder, so that a dense layer on its features is the published classifier: with 400 classes 3,794,274 parameters
 * (published: 3.79 M).
 *
 * Input: [batch, frames, height, width, channels] with values in [0, 1], 32 x 32 pixels or more; the normalisation by
 * mean and std is a layer of the model. Stages: the same rank, all frames kept. Features: [batch, headWidth].
 *
 * @throws {EncoderConfigError} when a size does not fit; the message names one that does
 * @example
 * ```ts
 * import { x3d } from '@amr/encoders';
 *
 * const { features, stages } = x3d({ inputShape: [3, 8, 8, 3], width: 4, blocks: [1, 1], headWidth: 16 });
 * console.log(stages.map((stage) => stage.shape)); // [[null, 3, 2, 2, 4], [null, 3, 1, 1, 8]]
 * console.log(features.shape); // [null, 16]
 * ```
 */
export function x3d(config: X3dConfig = {}): Encoder {
  const { size = 's', width = 24, headWidth = 2048 } = config;
  checkKeys('x3d', config, { ...videoKeys, size: true, blocks: true, width: true, headWidth: true });
  checkOneOf('x3d.size', size, Object.keys(sizes));
  const { inputShape = sizes[size]!.inputShape, blocks = sizes[size]!.blocks } = config;
  checkCounts('x3d', { width, headWidth });
  checkBlocks('x3d', blocks);
  const half: Size3 = [1, 2, 2];
  const strides = [half, ...blocks.map(() => half)];
  checkInputShape('x3d', inputShape, strides, 'Fewer stages (blocks) take smaller inputs.');
  const normalization = normalizationOf('x3d', config, inputShape[3], grayNormalization);

  const network = videoNetwork({ ...config, inputShape }, normalization);
  const stages = residualStages(stemOf(network, width, half), blocks, (x, position) => {
    const step: Size3 = position.block === 0 ? half : [1, 1, 1];
    return x3dBlock(network, x, position, { filters: width * 2 ** position.stage, strides: step });
  });
  return network.encoder(stages, headOf(network, stages.at(-1)!, headWidth));
}

/** A convolution over space, then a depthwise one over 5 frames, then one normalisation. */
function stemOf(network: VideoNetworkBuilder, filters: number, strides: Size3): SymbolicTensor {
  const spatial = new PaddedConv3D({
    filters,
    kernelSize: [1, 3, 3],
    strides,
    seed: network.seed(),
    name: network.nameOf('StemSpatial'),
  });
  const temporal = new DepthwiseConv3D({
    kernelSize: [5, 1, 1],
    seed: network.seed(),
    name: network.nameOf('StemTemporal'),
  });
  const y = temporal.apply(spatial.apply(network.normalized)) as SymbolicTensor;
  return network.activation(network.norm(y, 'Stem'), 'StemRelu');
}

/** A convolution to the inner channels of the last stage, the pooling, and one to the width of the features, without normalisation. */
function headOf(network: VideoNetworkBuilder, x: SymbolicTensor, filters: number): SymbolicTensor {
  const inner = innerChannels(channelsOf(x));
  const before = network.activation(network.conv(x, 'HeadConv1', inner, [1, 1, 1]), 'HeadRelu1');
  const pooled = network.pooled(before, 'HeadPool');
  const position = layers.reshape({ targetShape: [1, 1, 1, inner], name: network.nameOf('HeadPosition') });
  const conv = new PaddedConv3D({
    filters,
    kernelSize: [1, 1, 1],
    seed: network.seed(),
    name: network.nameOf('HeadConv2'),
  });
  const flat = layers.reshape({ targetShape: [filters], name: network.nameOf('HeadFlat') });
  const y = flat.apply(conv.apply(position.apply(pooled))) as SymbolicTensor;
  return network.activation(y, 'Features');
}
