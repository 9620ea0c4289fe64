import type { LayerConfig } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { checkedConfig, checkOneOf } from '../../options.js';

/** Config of {@link BodyPool}. */
export interface BodyPoolConfig extends LayerConfig {
  /** Maximum or mean, element by element. Default `'max'`. */
  pooling?: 'max' | 'mean';
}

/**
 * Maximum or mean over the bodies that are present, element by element; zeros when there is none. Unlike
 * {@link BodyMean} it keeps the axes after the bodies.
 *
 * In: [x, presence] of [batch, persons, ...] and [batch, persons]. Out: [batch, ...].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { BodyPool } from '@amr/encoders';
 *
 * const x = tf.tensor3d([[[1, -2], [0, -1], [7, 7]]]);
 * console.log((new BodyPool().apply([x, tf.tensor2d([[1, 1, 0]])]) as tf.Tensor).arraySync()); // [[1, -1]]
 * ```
 */
export class BodyPool extends layers.Layer {
  /** The name that saved models know this layer by. */
  static readonly className = 'BodyPool';
  /** See {@link BodyPoolConfig.pooling}. */
  readonly pooling: 'max' | 'mean';

  /** @throws {EncoderConfigError} when the pooling is unknown */
  constructor(config: BodyPoolConfig = {}) {
    super(checkedConfig('BodyPool', config, { pooling: true }));
    this.pooling = config.pooling ?? 'max';
    checkOneOf('BodyPool.pooling', this.pooling, ['max', 'mean']);
  }

  override computeOutputShape(inputShape: Shape[]): Shape {
    const [batch, , ...rest] = inputShape[0]!;
    return [batch ?? null, ...rest];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const [x, presence] = inputs as [tf.Tensor, tf.Tensor2D];
      const [batch, persons] = presence.shape;
      const size = x.size / Math.max(presence.size, 1);
      const flat = tf.reshape(x, [batch, persons * size]) as tf.Tensor2D;
      const bodies = Array.from({ length: persons }, (_, person) => ({
        features: tf.slice(flat, [0, person * size], [batch, size]),
        present: tf.slice(presence, [0, person], [batch, 1]),
      }));
      const count = tf.sum(presence, 1, true);
      return tf.reshape(
        this.pooling === 'mean'
          ? tf.div(
              tf.addN(bodies.map(({ features, present }) => tf.mul(features, present))),
              tf.maximum(count, 1),
            )
          : tf.mul(largest(bodies), tf.step(count)),
        [batch, ...x.shape.slice(2)],
      );
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), pooling: this.pooling };
  }
}
tf.serialization.registerClass(BodyPool);

/** The maximum over bodies, where absent bodies are lower than any number. */
function largest(bodies: { features: tf.Tensor; present: tf.Tensor }[]): tf.Tensor {
  const lowest = 3.4e38; // not Infinity, which times 0 is not a number
  return bodies
    .map(({ features, present }) => tf.add(tf.mul(features, present), tf.mul(tf.sub(present, 1), lowest)))
    .reduce((most, one) => tf.maximum(most, one));
}
