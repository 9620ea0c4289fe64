import type { LayerConfig } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { checkedConfig, checkOption } from '../../options.js';
import { halfOf, paddedSizes, type Size3 } from '../convolution/paddedConv3D.js';

/** Config of {@link PaddedMaxPool3D}. */
export interface PaddedMaxPool3DConfig extends LayerConfig {
  /** The window's size. Default [3, 3, 3]. */
  kernelSize?: Size3;
  /** Default [2, 2, 2]. */
  strides?: Size3;
  /** Rows on both sides of each axis that are never the maximum, at most half the window. Default half the window, rounded down. */
  padding?: Size3;
}

/**
 * Maximum over windows along time, height and width, padded evenly on both sides, as in PyTorch; padding is never the
 * maximum. When values are equal, the gradient goes to the first one, in the order of frames, rows and columns.
 *
 * In: [batch, frames, height, width, C]. Out: the same rank, with the sizes of {@link PaddedConv3D}.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { PaddedMaxPool3D } from '@amr/encoders';
 *
 * console.log((new PaddedMaxPool3D().apply(tf.ones([1, 4, 8, 8, 3])) as tf.Tensor).shape); // [1, 2, 4, 4, 3]
 * ```
 */
export class PaddedMaxPool3D extends layers.Layer {
  /** The name that saved models know this layer by. */
  static readonly className = 'PaddedMaxPool3D';
  /** See {@link PaddedMaxPool3DConfig.kernelSize}. */
  readonly kernelSize: Size3;
  /** See {@link PaddedMaxPool3DConfig.strides}. */
  readonly strides: Size3;
  /** See {@link PaddedMaxPool3DConfig.padding}. */
  readonly padding: Size3;

  /** @throws {EncoderConfigError} when a window could lie entirely in the padding */
  constructor(config: PaddedMaxPool3DConfig = {}) {
    super(checkedConfig('PaddedMaxPool3D', config, { kernelSize: true, strides: true, padding: true }));
    this.kernelSize = config.kernelSize ?? [3, 3, 3];
    this.strides = config.strides ?? [2, 2, 2];
    this.padding = config.padding ?? halfOf(this.kernelSize);
    checkOption(
      'PaddedMaxPool3D.padding',
      this.padding,
      this.padding.every((rows, axis) => rows <= this.kernelSize[axis]! / 2),
      `at most half the window, [${halfOf(this.kernelSize).join(', ')}]`,
    );
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return [inputShape[0] ?? null, ...paddedSizes(inputShape, this), inputShape[4]!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor5D;
      const [batch, frames, height, width, channels] = x.shape;
      const { kernelSize, strides, padding } = this;
      const [overTime, ...overSpace] = [0, 1, 2].map(
        (axis): Window => ({ size: kernelSize[axis]!, stride: strides[axis]!, padding: padding[axis]! }),
      ) as [Window, Window, Window];
      // The maximum of a box is the maximum over time of the maxima over space. maxPool3d is no alternative: its gradient
      // on the cpu backend is wrong when a window is higher or lower than wide, and it is several times slower.
      const images = tf.reshape(x, [batch * frames, height, width, channels]) as tf.Tensor4D;
      const flat = maxPool(images, overSpace);
      const [, down, across] = flat.shape;
      const columns = tf.reshape(flat, [batch, frames, down * across, channels]) as tf.Tensor4D;
      const y = maxPool(columns, [overTime, { size: 1, stride: 1, padding: 0 }]);
      return tf.reshape(y, [batch, y.shape[1], down, across, channels]);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { kernelSize, strides, padding } = this;
    return { ...super.getConfig(), kernelSize, strides, padding };
  }
}
tf.serialization.registerClass(PaddedMaxPool3D);

/** A window along one axis. */
interface Window {
  size: number;
  stride: number;
  padding: number;
}

function maxPool(images: tf.Tensor4D, [rows, columns]: [Window, Window]): tf.Tensor4D {
  if ([rows, columns].every(({ size, stride }) => size === 1 && stride === 1)) return images;
  return tf.maxPool(
    images,
    [rows.size, columns.size],
    [rows.stride, columns.stride],
    [[0, 0], [rows.padding, rows.padding], [columns.padding, columns.padding], [0, 0]], // biome-ignore format: pairs
  );
}
