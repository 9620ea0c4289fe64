import type { LayerConfig } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import type { CostedLayer } from '../../cost/costedLayer.js';
import { sampleSize } from '../../cost/sampleSize.js';
import { EncoderConfigError } from '../../errors.js';
import { checkCount, checkedConfig } from '../../options.js';
import { torchKernel } from '../../torch/torchKernel.js';
import type { TorchLayer, TorchWeight } from '../../torch/torchWeights.js';
import { heNormal } from './heNormal.js';

/** Sizes along time, height and width. */
export type Size3 = [frames: number, height: number, width: number];

/** Config of {@link PaddedConv3D}. */
export interface PaddedConv3DConfig extends LayerConfig {
  /** Number of output channels. */
  filters: number;
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
 * 3D convolution without bias, padded by the same number of zeros on both sides of an axis, as in PyTorch; tf's `'same'`
 * pads unevenly when the stride is 2. Initial weights are He-normal over the fan out, as in torchvision.
 *
 * In: [batch, frames, height, width, C]. Out: [batch, frames', height', width', filters], each size being
 * floor((size + 2 padding - kernel) / stride) + 1. Kernel: [frames, height, width, C, filters].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { PaddedConv3D } from '@amr/encoders';
 *
 * const conv = new PaddedConv3D({ filters: 8, kernelSize: [3, 3, 3], strides: [1, 2, 2] });
 * console.log((conv.apply(tf.ones([1, 4, 8, 8, 3])) as tf.Tensor).shape); // [1, 4, 4, 4, 8]
 * ```
 */
export class PaddedConv3D extends layers.Layer implements CostedLayer, TorchLayer {
  /** The name that saved models know this layer by. */
  static readonly className = 'PaddedConv3D';
  /** See {@link PaddedConv3DConfig.filters}. */
  readonly filters: number;
  /** See {@link PaddedConv3DConfig.kernelSize}. */
  readonly kernelSize: Size3;
  /** See {@link PaddedConv3DConfig.strides}. */
  readonly strides: Size3;
  /** See {@link PaddedConv3DConfig.padding}. */
  readonly padding: Size3;
  /** See {@link PaddedConv3DConfig.seed}. */
  readonly seed: number | undefined;
  #kernel!: LayerVariable;

  /** @throws {EncoderConfigError} when filters is not a whole number from 1 */
  constructor(config: PaddedConv3DConfig) {
    super(
      checkedConfig('PaddedConv3D', config, {
        filters: true,
        kernelSize: true,
        strides: true,
        padding: true,
        seed: true,
      }),
    );
    this.filters = config.filters;
    this.kernelSize = config.kernelSize;
    this.strides = config.strides ?? [1, 1, 1];
    this.padding = config.padding ?? halfOf(config.kernelSize);
    this.seed = config.seed;
    checkCount('PaddedConv3D.filters', this.filters);
  }

  override build(inputShape: Shape): void {
    const channels = inputShape[4]!;
    this.#kernel = this.addWeight(
      'kernel',
      [...this.kernelSize, channels, this.filters],
      'float32',
      heNormal(this.seed),
    );
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return [inputShape[0] ?? null, ...paddedSizes(inputShape, this), this.filters];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor5D;
      const kernel = this.#kernel.read() as tf.Tensor5D;
      const { kernelSize, strides, padding } = this;
      // With stride 1, tf's 'same' is the even padding, and saves a copy.
      const same = kernelSize.every((size, i) => strides[i] === 1 && size === 2 * padding[i]! + 1);
      return tf.conv3d(same ? x : padded(x, padding), kernel, strides, same ? 'same' : 'valid');
    });
  }

  /** See {@link CostedLayer.multiplyAdds}. */
  multiplyAdds(inputShape: Shape | Shape[], outputShape: Shape | Shape[]): number {
    const channels = (inputShape as Shape)[4]!;
    return sampleSize(outputShape as Shape) * volumeOf(this.kernelSize) * channels;
  }

  /** The weight of PyTorch's `Conv3d` without bias: [filters, C, frames, height, width]. */
  torchWeights(): { [weight: string]: TorchWeight } {
    return { kernel: torchKernel(this.#kernel.shape) };
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { filters, kernelSize, strides, padding, seed } = this;
    return {
      ...super.getConfig(),
      filters,
      kernelSize,
      strides,
      padding,
      ...(seed === undefined ? {} : { seed }),
    };
  }
}
tf.serialization.registerClass(PaddedConv3D);

/** Number of positions of a kernel. */
export function volumeOf([frames, height, width]: Size3): number {
  return frames * height * width;
}

/** floor(size / 2) along each axis: the padding with which the size stays the same when the stride is 1. */
export function halfOf(kernelSize: Size3): Size3 {
  return kernelSize.map((size) => Math.floor(size / 2)) as Size3;
}

/**
 * The output sizes of a padded convolution or pooling along frames, height and width.
 * @throws {EncoderConfigError} when the window does not fit into the padded input
 */
export function paddedSizes(
  inputShape: Shape,
  { name, kernelSize, strides, padding }: { name: string; kernelSize: Size3; strides: Size3; padding: Size3 },
): (number | null)[] {
  return kernelSize.map((kernel, i) => {
    const size = inputShape[i + 1];
    if (size == null) return null;
    const free = size + 2 * padding[i]! - kernel;
    if (free < 0) {
      throw new EncoderConfigError(
        `${name}: got an input of ${['frames', 'height', 'width'][i]} ${size} for a window of ${kernel} and padding of ` +
          `${padding[i]}; expected ${kernel - 2 * padding[i]!} or more.`,
      );
    }
    return Math.floor(free / strides[i]!) + 1;
  });
}

/** x with zeros on both sides of frames, height and width. Width and channels are one axis here, since rank 5 is slow. */
export function padded(x: tf.Tensor5D, [frames, height, width]: Size3): tf.Tensor5D {
  if (frames + height + width === 0) return x;
  const [b, t, h, w, c] = x.shape;
  const even = (size: number): [number, number] => [size, size];
  const flat = tf.pad4d(tf.reshape(x, [b, t, h, w * c]), [
    even(0),
    even(frames),
    even(height),
    even(width * c),
  ]);
  return tf.reshape(flat, [b, t + 2 * frames, h + 2 * height, w + 2 * width, c]);
}
