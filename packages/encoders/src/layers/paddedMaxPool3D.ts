import type { LayerConfig } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { halfOf, padded, paddedSizes, type Size3 } from './paddedConv3D.js';

/** What {@link PaddedMaxPool3D} can be told. */
export interface PaddedMaxPool3DConfig extends LayerConfig {
  /** The window's size. Default [3, 3, 3]. */
  kernelSize?: Size3;
  /** Default [2, 2, 2]. */
  strides?: Size3;
  /** Rows on both sides of each axis that are never the maximum. Default half the window, rounded down. */
  padding?: Size3;
}

/**
 * Maximum over windows along time, height and width, padded evenly on both sides, as PyTorch does; padding is
 * never the maximum.
 *
 * In: [batch, frames, height, width, C]. Out: the same, with the sizes of {@link PaddedConv3D}.
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

  /** @param config see {@link PaddedMaxPool3DConfig} */
  constructor(config: PaddedMaxPool3DConfig = {}) {
    super(config);
    this.kernelSize = config.kernelSize ?? [3, 3, 3];
    this.strides = config.strides ?? [2, 2, 2];
    this.padding = config.padding ?? halfOf(this.kernelSize);
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return [inputShape[0] ?? null, ...paddedSizes(inputShape, this), inputShape[4]!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor5D;
      const lowest = -3.4e38; // not -Infinity, which some backends cannot pass as a constant
      return tf.maxPool3d(padded(x, this.padding, lowest), this.kernelSize, this.strides, 'valid');
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { kernelSize, strides, padding } = this;
    return { ...super.getConfig(), kernelSize, strides, padding };
  }
}
tf.serialization.registerClass(PaddedMaxPool3D);
