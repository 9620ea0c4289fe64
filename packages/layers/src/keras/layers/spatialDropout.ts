import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { checkFraction, checkOneOf, type LayerConfig } from '../../options.js';

/** Config of {@link SpatialDropout2D} and {@link SpatialDropout3D}. */
export interface SpatialDropoutConfig extends LayerConfig {
  /** Share of the channels to drop in training, in [0, 1). */
  rate: number;
  /** Default 'channelsLast'. */
  dataFormat?: 'channelsLast' | 'channelsFirst';
  /** Seed of the draws; each call draws the same. Default: none. */
  seed?: number | null;
}

abstract class SpatialDropout extends layers.Layer {
  /** See {@link SpatialDropoutConfig.rate}. */
  readonly rate: number;
  /** See {@link SpatialDropoutConfig.dataFormat}. */
  readonly dataFormat: 'channelsLast' | 'channelsFirst';
  /** See {@link SpatialDropoutConfig.seed}. */
  readonly seed: number | undefined;

  // Keys that Keras adds are ignored, as tfjs's own layers do.
  constructor(rank: number, config: SpatialDropoutConfig) {
    super(config);
    this.rate = config.rate;
    this.dataFormat = config.dataFormat ?? 'channelsLast';
    this.seed = config.seed ?? undefined;
    checkFraction(`${this.name}.rate`, this.rate);
    checkOneOf(`${this.name}.dataFormat`, this.dataFormat, ['channelsLast', 'channelsFirst']);
    this.supportsMasking = true;
    this.inputSpec = [{ ndim: rank }];
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean }): tf.Tensor {
    return tf.tidy(() => {
      const x = Array.isArray(inputs) ? inputs[0]! : inputs;
      if (!kwargs.training || this.rate === 0) return tf.clone(x);
      const channelAxis = this.dataFormat === 'channelsLast' ? x.rank - 1 : 1;
      const whole = x.shape.map((length, axis) => (axis === 0 || axis === channelAxis ? length : 1));
      return tf.mul(x, tf.dropout(tf.ones(whole), this.rate, undefined, this.seed));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { rate, dataFormat, seed } = this;
    return { ...super.getConfig(), rate, dataFormat, ...(seed === undefined ? {} : { seed }) };
  }
}

/** Drops whole channels of [batch, height, width, channels] in training. As in Keras; tfjs-layers has no such layer. */
export class SpatialDropout2D extends SpatialDropout {
  /** The name that saved models know this layer by. */
  static readonly className = 'SpatialDropout2D';

  /** @throws {LayerError} when `rate` or `dataFormat` isn't valid */
  constructor(config: SpatialDropoutConfig) {
    super(4, config);
  }
}
tf.serialization.registerClass(SpatialDropout2D);

/** Drops whole channels of [batch, frames, height, width, channels] in training. As in Keras; tfjs-layers has no such layer. */
export class SpatialDropout3D extends SpatialDropout {
  /** The name that saved models know this layer by. */
  static readonly className = 'SpatialDropout3D';

  /** @throws {LayerError} when `rate` or `dataFormat` isn't valid */
  constructor(config: SpatialDropoutConfig) {
    super(5, config);
  }
}
tf.serialization.registerClass(SpatialDropout3D);
