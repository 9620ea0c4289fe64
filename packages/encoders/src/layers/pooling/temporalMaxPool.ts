import type { LayerConfig } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { checkCount, checkedConfig, checkOdd } from '../../options.js';

/** Config of {@link TemporalMaxPool}. */
export interface TemporalMaxPoolConfig extends LayerConfig {
  /** Frames that a window spans; odd. Default 3. */
  kernelSize?: number;
  /** Default 1. */
  stride?: number;
}

/**
 * Maximum over windows of frames, for each joint and channel separately, padded by half a window on both sides like
 * PyTorch's `MaxPool2d` of kernel [kernelSize, 1]: padding is never the maximum, and when values are equal, the gradient
 * goes to the first one.
 *
 * In: [batch, persons, frames, joints, C]. Out: [batch, persons, ceil(frames / stride), joints, C].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { TemporalMaxPool } from '@amr/encoders';
 *
 * const x = tf.tensor5d([-3, -1, -2, -5], [1, 1, 4, 1, 1]);
 * console.log(tf.squeeze(new TemporalMaxPool().apply(x) as tf.Tensor).arraySync()); // [-1, -1, -1, -2]
 * ```
 */
export class TemporalMaxPool extends layers.Layer {
  /** The name that saved models know this layer by. */
  static readonly className = 'TemporalMaxPool';
  /** See {@link TemporalMaxPoolConfig.kernelSize}. */
  readonly kernelSize: number;
  /** See {@link TemporalMaxPoolConfig.stride}. */
  readonly stride: number;

  /** @throws {EncoderConfigError} when the window's size is even, or the stride is not a whole number from 1 */
  constructor(config: TemporalMaxPoolConfig = {}) {
    super(checkedConfig('TemporalMaxPool', config, { kernelSize: true, stride: true }));
    this.kernelSize = config.kernelSize ?? 3;
    this.stride = config.stride ?? 1;
    checkOdd('TemporalMaxPool.kernelSize', this.kernelSize);
    checkCount('TemporalMaxPool.stride', this.stride);
  }

  override computeOutputShape([batch, persons, frames, joints, channels]: Shape): Shape {
    const strided = frames == null ? null : Math.ceil(frames / this.stride);
    return [batch!, persons!, strided, joints!, channels!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor5D;
      const [batch, persons, frames, joints, channels] = x.shape;
      const half = (this.kernelSize - 1) / 2;
      // maxPool3d is no alternative: its gradient on the cpu backend is wrong for windows that are not cubes.
      const y = tf.maxPool(
        tf.reshape(x, [batch * persons, frames, joints, channels]) as tf.Tensor4D,
        [this.kernelSize, 1],
        [this.stride, 1],
        [[0, 0], [half, half], [0, 0], [0, 0]], // biome-ignore format: one pair per axis
      );
      return tf.reshape(y, [batch, persons, y.shape[1], joints, channels]);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), kernelSize: this.kernelSize, stride: this.stride };
  }
}
tf.serialization.registerClass(TemporalMaxPool);
