import { type LayerConfig, seeds } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { checkedConfig, checkFraction } from '../options.js';

/** Config of {@link SeededDropout}. */
export interface SeededDropoutConfig extends LayerConfig {
  /** Share of the values that are dropped, in [0, 1). */
  rate: number;
  /** Seed of dropout. Absent: different each time. */
  seed?: number;
}

/**
 * Dropout: in training, values become zero with probability `rate`, and the others are divided by 1 - rate; otherwise
 * nothing changes. With a seed, tfjs's own layer drops the same values at each call, so that a part of the network never
 * learns. This layer drops different values at each call, and a new layer with the same seed repeats the sequence.
 *
 * In and out: any shape.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { SeededDropout } from '@amr/encoders';
 *
 * const dropout = new SeededDropout({ rate: 0.5, seed: 1 });
 * const y = dropout.apply(tf.ones([1000]), { training: true }) as tf.Tensor;
 * console.log(tf.max(y).arraySync(), tf.min(y).arraySync()); // 2 0
 * ```
 */
export class SeededDropout extends layers.Layer {
  /** The name that saved models know this layer by. */
  static readonly className = 'SeededDropout';
  /** See {@link SeededDropoutConfig.rate}. */
  readonly rate: number;
  #seed: number | undefined;
  #next: () => number | undefined;

  /** @throws {EncoderConfigError} when the rate is not in [0, 1) */
  constructor(config: SeededDropoutConfig) {
    super(checkedConfig('SeededDropout', config, { rate: true, seed: true }));
    this.rate = config.rate;
    this.#seed = config.seed;
    this.#next = seeds(config.seed);
    checkFraction('SeededDropout.rate', this.rate);
  }

  /** See {@link SeededDropoutConfig.seed}. */
  get seed(): number | undefined {
    return this.#seed;
  }

  /** Restarts the sequence with this seed, as a trainer does at each step to repeat a run. */
  set seed(seed: number | undefined) {
    this.#seed = seed;
    this.#next = seeds(seed);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { [option: string]: unknown } = {}): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor;
      return kwargs['training'] ? tf.dropout(x, this.rate, undefined, this.#next()) : tf.clone(x);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { rate, seed } = this;
    return { ...super.getConfig(), rate, ...(seed === undefined ? {} : { seed }) };
  }
}
tf.serialization.registerClass(SeededDropout);
