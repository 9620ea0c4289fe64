import type { LayerConfig } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { checkedConfig, checkNormalization } from '../../options.js';

/** Config of {@link ChannelNormalization}. */
export interface ChannelNormalizationConfig extends LayerConfig {
  /** Mean of each channel, or one for all. */
  mean: number[];
  /** Standard deviation of each channel, or one for all. Above 0. */
  std: number[];
}

/**
 * (x - mean) / std per channel, the last axis. The layer is part of the model, so that inputs and attack budgets stay in
 * the units of the input.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { ChannelNormalization } from '@amr/encoders';
 *
 * const layer = new ChannelNormalization({ mean: [0.5], std: [0.25] });
 * console.log((layer.apply(tf.ones([1, 2, 3])) as tf.Tensor).arraySync()); // all 2
 * ```
 */
export class ChannelNormalization extends layers.Layer {
  /** The name that saved models know this layer by. */
  static readonly className = 'ChannelNormalization';
  /** See {@link ChannelNormalizationConfig.mean}. */
  readonly mean: number[];
  /** See {@link ChannelNormalizationConfig.std}. */
  readonly std: number[];

  /** @throws {EncoderConfigError} when a value is not finite, a standard deviation is not above 0, or the lengths differ */
  constructor(config: ChannelNormalizationConfig) {
    super(checkedConfig('ChannelNormalization', config, { mean: true, std: true }));
    this.mean = config.mean;
    this.std = config.std;
    checkNormalization('ChannelNormalization', this, this.mean?.length ?? 1);
  }

  override build(inputShape: Shape): void {
    checkNormalization('ChannelNormalization', this, inputShape[inputShape.length - 1]!);
    super.build(inputShape);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor;
      const factor = this.std.map((std) => 1 / std);
      if (factor.length === 1) return tf.mul(tf.sub(x, this.mean[0]!), factor[0]!);
      // Broadcasting over three channels is slow. Repeating the vectors along the width is faster.
      const width = x.rank > 2 ? x.shape[x.rank - 2]! : 1;
      const rows = tf.reshape(x, [-1, width * factor.length]);
      const normalized = tf.mul(tf.sub(rows, tf.tile(this.mean, [width])), tf.tile(factor, [width]));
      return tf.reshape(normalized, x.shape);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), mean: this.mean, std: this.std };
  }
}
tf.serialization.registerClass(ChannelNormalization);
