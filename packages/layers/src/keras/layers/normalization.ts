import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import { checkOption, type LayerConfig } from '../../options.js';

/** Config of {@link Normalization}. */
export interface NormalizationConfig extends LayerConfig {
  /** Axes that have a mean and a variance for each index; null: one for all. Default -1, the channels. */
  axis?: number | number[] | null;
  /** Means, if they are known; they broadcast to the axes. Default: a weight, which the model's file holds. */
  mean?: tf.TensorLike | null;
  /** Variances, if they are known; given together with `mean`. */
  variance?: tf.TensorLike | null;
  /** Whether to undo a normalisation. Default false. */
  invert?: boolean;
}

/** Keras's least standard deviation. */
const LEAST = 1e-7;

/**
 * (x - mean) / standard deviation, by fixed numbers or the weights of a trained model. As in Keras; tfjs-layers has no such
 * layer. Statistics can't be adapted to data here.
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { Normalization } from '@amr/layers/keras';
 *
 * const normalization = new Normalization({ mean: [1, 2], variance: [4, 9] });
 * (normalization.apply(tf.tensor2d([[3, 5]])) as tf.Tensor).print(); // [[1, 1]]
 * ```
 */
export class Normalization extends layers.Layer {
  /** The name that saved models know this layer by. */
  static readonly className = 'Normalization';
  readonly #axis: number[] | null;
  readonly #given: { mean: tf.TensorLike; variance: tf.TensorLike } | undefined;
  readonly #invert: boolean;
  #mean: LayerVariable | undefined;
  #variance: LayerVariable | undefined;

  // Keys that Keras adds are ignored, as tfjs's own layers do.
  /** @throws {LayerError} when only one of `mean` and `variance` is given */
  constructor(config: NormalizationConfig = {}) {
    super(config);
    const { axis = -1, mean = null, variance = null, invert = false } = config;
    const both = (mean === null) === (variance === null);
    checkOption(`${this.name}.variance`, variance, both, 'one if there is a mean, and none without it');
    this.#axis = axis === null ? null : [axis].flat();
    this.#given = mean === null || variance === null ? undefined : { mean, variance };
    this.#invert = invert;
  }

  override build(inputShape: Shape): void {
    if (!this.#given) {
      const shape = this.#keptAxes(inputShape.length).map((axis) => inputShape[axis]!);
      this.#mean = this.addWeight('mean', shape, 'float32', initializers.zeros(), undefined, false);
      this.#variance = this.addWeight('variance', shape, 'float32', initializers.ones(), undefined, false);
      // The number of samples that Keras has adapted to. It isn't used, but files hold it.
      this.addWeight('count', [], 'int32', initializers.zeros(), undefined, false);
    }
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = tf.cast(Array.isArray(inputs) ? inputs[0]! : inputs, 'float32');
      const mean = this.#statistic(this.#mean, this.#given?.mean, x);
      const variance = this.#statistic(this.#variance, this.#given?.variance, x);
      const deviation = tf.maximum(tf.sqrt(variance), LEAST);
      return this.#invert ? tf.add(mean, tf.mul(x, deviation)) : tf.div(tf.sub(x, mean), deviation);
    });
  }

  /** With one axis for each of the input's. */
  #statistic(weight: LayerVariable | undefined, given: tf.TensorLike | undefined, x: tf.Tensor): tf.Tensor {
    const values = weight ? weight.read() : tf.tensor(given!, undefined, 'float32');
    const kept = this.#keptAxes(x.rank);
    const whole = x.shape.map((length, axis) => (kept.includes(axis) ? length : 1));
    return values.size === tf.util.sizeFromShape(whole) ? tf.reshape(values, whole) : values;
  }

  #keptAxes(rank: number): number[] {
    return (this.#axis ?? []).map((axis) => (axis + rank) % rank).sort((a, b) => a - b);
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { mean = null, variance = null } = this.#given ?? {};
    const config = { axis: this.#axis, mean, variance, invert: this.#invert };
    return { ...super.getConfig(), ...(config as tf.serialization.ConfigDict) };
  }
}
tf.serialization.registerClass(Normalization);
