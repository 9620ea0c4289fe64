import type { LayerConfig } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import type { CostedLayer } from '../../cost/costedLayer.js';
import { sampleSize } from '../../cost/sampleSize.js';
import { checkedConfig } from '../../options.js';
import type { TorchLayer, TorchWeight } from '../../torch/torchWeights.js';
import { halfOf, padded, paddedSizes, type Size3, volumeOf } from './paddedConv3D.js';

/** Config of {@link DepthwiseConv3D}. */
export interface DepthwiseConv3DConfig extends LayerConfig {
  /** The kernel's size. */
  kernelSize: Size3;
  /** Default [1, 1, 1]. */
  strides?: Size3;
  /** Zeros on both sides of each axis. Default half the kernel, rounded down. */
  padding?: Size3;
  /** Seed of the initial weights. */
  seed?: number;
}

/**
 * 3D convolution of each channel separately, without bias, evenly padded like {@link PaddedConv3D}: the channel-wise
 * convolution of X3D (Feichtenhofer, CVPR 2020), PyTorch's `Conv3d` with as many groups as channels. tfjs has no such
 * operation, so the layer sums depthwise 2D convolutions over the kernel's frames, or, when the kernel is one pixel,
 * computes one depthwise convolution over frames and pixels. Initial weights are He-normal over the kernel's volume.
 *
 * In: [batch, frames, height, width, C]. Out: [batch, frames', height', width', C], each size being
 * floor((size + 2 padding - kernel) / stride) + 1. Kernel: [frames, height, width, C, 1].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { DepthwiseConv3D } from '@amr/encoders';
 *
 * const conv = new DepthwiseConv3D({ kernelSize: [3, 3, 3], strides: [1, 2, 2] });
 * console.log((conv.apply(tf.ones([1, 4, 8, 8, 6])) as tf.Tensor).shape); // [1, 4, 4, 4, 6]
 * ```
 */
export class DepthwiseConv3D extends layers.Layer implements CostedLayer, TorchLayer {
  /** The name that saved models know this layer by. */
  static readonly className = 'DepthwiseConv3D';
  /** See {@link DepthwiseConv3DConfig.kernelSize}. */
  readonly kernelSize: Size3;
  /** See {@link DepthwiseConv3DConfig.strides}. */
  readonly strides: Size3;
  /** See {@link DepthwiseConv3DConfig.padding}. */
  readonly padding: Size3;
  /** See {@link DepthwiseConv3DConfig.seed}. */
  readonly seed: number | undefined;
  #kernel!: LayerVariable;

  /** @param config see {@link DepthwiseConv3DConfig} */
  constructor(config: DepthwiseConv3DConfig) {
    super(
      checkedConfig('DepthwiseConv3D', config, {
        kernelSize: true,
        strides: true,
        padding: true,
        seed: true,
      }),
    );
    this.kernelSize = config.kernelSize;
    this.strides = config.strides ?? [1, 1, 1];
    this.padding = config.padding ?? halfOf(config.kernelSize);
    this.seed = config.seed;
  }

  override build(inputShape: Shape): void {
    const stddev = Math.sqrt(2 / volumeOf(this.kernelSize));
    const heNormal = initializers.randomNormal({ mean: 0, stddev, seed: this.seed });
    this.#kernel = this.addWeight('kernel', [...this.kernelSize, inputShape[4]!, 1], 'float32', heNormal);
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return [inputShape[0] ?? null, ...paddedSizes(inputShape, this), inputShape[4]!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = padded((Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor5D, this.padding);
      const overTime = volumeOf(this.kernelSize) === this.kernelSize[0] && volumeOf(this.strides) === 1;
      return overTime ? this.#alongTime(x) : this.#frameByFrame(x);
    });
  }

  /** See {@link CostedLayer.multiplyAdds}. */
  multiplyAdds(_inputShape: Shape | Shape[], outputShape: Shape | Shape[]): number {
    return sampleSize(outputShape as Shape) * volumeOf(this.kernelSize);
  }

  /** The weight of PyTorch's `Conv3d` with a group per channel and without bias: [C, 1, frames, height, width]. */
  torchWeights(): { [weight: string]: TorchWeight } {
    return {
      kernel: {
        name: 'weight',
        shape: [this.#kernel.shape[3]!, 1, ...this.kernelSize],
        from: (weight) => tf.transpose(weight, [2, 3, 4, 0, 1]),
      },
    };
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { kernelSize, strides, padding, seed } = this;
    return {
      ...super.getConfig(),
      kernelSize,
      strides,
      padding,
      ...(seed === undefined ? {} : { seed }),
    };
  }

  /** Frames as rows and pixels as columns of one image. */
  #alongTime(x: tf.Tensor5D): tf.Tensor {
    const [batch, frames, height, width, channels] = x.shape;
    const kernel = tf.reshape(this.#kernel.read(), [this.kernelSize[0], 1, channels, 1]) as tf.Tensor4D;
    const image = tf.reshape(x, [batch, frames, height * width, channels]) as tf.Tensor4D;
    const y = tf.depthwiseConv2d(image, kernel, 1, 'valid');
    return tf.reshape(y, [batch, y.shape[1], height, width, channels]);
  }

  /** The sum over the kernel's frames: each is a 2D convolution of the input frames that it is multiplied with. */
  #frameByFrame(x: tf.Tensor5D): tf.Tensor {
    const [batch, frames, height, width, channels] = x.shape;
    const [depth, ...window] = this.kernelSize;
    const [step, ...strides] = this.strides;
    const outputs = Math.floor((frames - depth) / step) + 1;
    // In groups of `step` frames, the input frames of one frame of the kernel are one column.
    const groups = Math.ceil(frames / step);
    const pixels = height * width * channels;
    const missing = groups * step - frames;
    const rows = tf.reshape(x, [batch, frames, pixels]);
    const padded = missing === 0 ? rows : tf.pad(rows, [[0, 0], [0, missing], [0, 0]]); // biome-ignore format: pairs
    const columns = tf.reshape(padded, [batch, groups, step * pixels]);
    const taps = tf.reshape(this.#kernel.read(), [depth, window[0] * window[1] * channels]);
    let sum: tf.Tensor | undefined;
    for (let frame = 0; frame < depth; frame++) {
      const start = [0, Math.floor(frame / step), (frame % step) * pixels];
      const images = tf.reshape(tf.slice(columns, start, [batch, outputs, pixels]), [
        batch * outputs,
        height,
        width,
        channels,
      ]) as tf.Tensor4D;
      const tap = tf.reshape(tf.slice(taps, [frame, 0], [1, -1]), [...window, channels, 1]) as tf.Tensor4D;
      const y = tf.depthwiseConv2d(images, tap, strides, 'valid');
      sum = sum ? tf.add(sum, y) : y;
    }
    const [, down, across] = sum!.shape;
    return tf.reshape(sum!, [batch, outputs, down!, across!, channels]);
  }
}
tf.serialization.registerClass(DepthwiseConv3D);
