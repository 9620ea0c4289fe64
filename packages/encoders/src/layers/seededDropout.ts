import { type LayerConfig, seeds } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';

/** What {@link SeededDropout} can be told. */
export interface SeededDropoutConfig extends LayerConfig {
  /** Share of the values that are dropped, in [0, 1). */
  rate: number;
  /** Seed of the values that are dropped. Absent: others each time. */
  seed?: number;
}

/**
 * Dropout: under training, values are zero with a probability of `rate`, the others are divided by 1 - rate; otherwise
 * nothing changes. tfjs's own layer draws the very same values at each call when it has a seed, so that a part of the
 * network never learns; this one draws others at each call, and repeats them from the first call on in a new layer of
 * the same seed.
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
  private given: number | undefined;
  private next: () => number | undefined;

  /** @throws {Error} when the rate is not in [0, 1) */
  constructor(config: SeededDropoutConfig) {
    super(config);
    this.rate = config.rate;
    this.given = config.seed;
    this.next = seeds(config.seed);
    if (!(this.rate >= 0 && this.rate < 1)) {
      throw new Error(`SeededDropout: got rate ${this.rate}; expected a number in [0, 1).`);
    }
  }

  /** See {@link SeededDropoutConfig.seed}. */
  get seed(): number | undefined {
    return this.given;
  }

  /** Starts over from a seed, as a trainer does at each step to repeat a run. */
  set seed(seed: number | undefined) {
    this.given = seed;
    this.next = seeds(seed);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { [option: string]: unknown } = {}): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor;
      return kwargs['training'] ? tf.dropout(x, this.rate, undefined, this.next()) : tf.clone(x);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { rate, seed } = this;
    return { ...super.getConfig(), rate, ...(seed === undefined ? {} : { seed }) };
  }
}
tf.serialization.registerClass(SeededDropout);
