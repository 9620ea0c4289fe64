import { formatValue } from '@amr/internal';
import type { LayerConfig } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import { EncoderConfigError } from '../../errors.js';
import { checkedConfig, checkNotNegative, checkOption, checkPositive } from '../../options.js';
import type { TorchLayer, TorchWeight } from '../../torch/torchWeights.js';

/** Config of {@link BatchNorm}. */
export interface BatchNormConfig extends LayerConfig {
  /** Added to the variance. Default 1e-5, PyTorch's. */
  epsilon?: number;
  /** Share of the moving statistics that each training step keeps, in [0, 1]. Default 0.9, which PyTorch calls 0.1. */
  momentum?: number;
}

/**
 * Batch normalisation over all axes but the last (Ioffe & Szegedy, ICML 2015), at any rank; tfjs-layers' own layer stops
 * at rank 4. In training it normalises with the batch's statistics and moves the moving statistics towards them (mean and
 * unbiased variance, as in PyTorch); otherwise it is a scale and a shift per channel. The gradient of the whole formula is
 * written out, which takes a third of the time of the gradient that tfjs composes.
 *
 * In: x of [batch, ..., C]; or [x, weights], where the shape of weights is that of x without some of the last axes
 * ([batch, persons] for [batch, persons, frames, joints, C]). The statistics leave out rows of weight 0, and these rows get
 * no gradient through the statistics. Out: x's shape.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { BatchNorm } from '@amr/encoders';
 *
 * const x = tf.randomNormal([2, 4, 8, 8, 3], 5);
 * const y = new BatchNorm().apply(x, { training: true }) as tf.Tensor;
 * console.log(tf.mean(y).arraySync()); // 0, within float's error
 * ```
 */
export class BatchNorm extends layers.Layer implements TorchLayer {
  /** The name that saved models know this layer by. */
  static readonly className = 'BatchNorm';
  /** See {@link BatchNormConfig.epsilon}. */
  readonly epsilon: number;
  /** See {@link BatchNormConfig.momentum}. */
  readonly momentum: number;
  #gamma!: LayerVariable;
  #beta!: LayerVariable;
  #movingMean!: LayerVariable;
  #movingVariance!: LayerVariable;

  /** @throws {EncoderConfigError} when epsilon is not above 0, or momentum not in [0, 1] */
  constructor(config: BatchNormConfig = {}) {
    super(checkedConfig('BatchNorm', config, { epsilon: true, momentum: true }));
    this.epsilon = config.epsilon ?? 1e-5;
    this.momentum = config.momentum ?? 0.9;
    checkPositive('BatchNorm.epsilon', this.epsilon);
    checkNotNegative('BatchNorm.momentum', this.momentum);
    checkOption('BatchNorm.momentum', this.momentum, this.momentum <= 1, 'a number from 0 to 1');
  }

  override build(inputShape: Shape | Shape[]): void {
    const channels = valueShape(inputShape).at(-1);
    if (channels == null) {
      throw new EncoderConfigError(
        `BatchNorm: got the input shape ${formatValue(inputShape)}; expected a known number of channels, the last axis.`,
      );
    }
    const ones = initializers.ones();
    const zeros = initializers.zeros();
    this.#gamma = this.addWeight('gamma', [channels], 'float32', ones);
    this.#beta = this.addWeight('beta', [channels], 'float32', zeros);
    this.#movingMean = this.addWeight('moving_mean', [channels], 'float32', zeros, undefined, false);
    this.#movingVariance = this.addWeight('moving_variance', [channels], 'float32', ones, undefined, false);
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return valueShape(inputShape);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { [option: string]: unknown } = {}): tf.Tensor {
    return tf.tidy(() => {
      const [x, weights] = (Array.isArray(inputs) ? inputs : [inputs]) as [tf.Tensor, tf.Tensor | undefined];
      const channels = x.shape[x.rank - 1]!;
      const rows = tf.reshape(x, [-1, channels]) as tf.Tensor2D;
      const y = kwargs['training']
        ? this.#normalizeBatch(rows, rowWeights(x, weights))
        : this.#scaleAndShift(rows);
      return tf.reshape(y, x.shape);
    });
  }

  /** The weights of PyTorch's `BatchNorm1d`, `2d` and `3d`. */
  torchWeights(): { [weight: string]: TorchWeight } {
    const shape = this.#gamma.shape as number[];
    return {
      gamma: { name: 'weight', shape },
      beta: { name: 'bias', shape },
      moving_mean: { name: 'running_mean', shape },
      moving_variance: { name: 'running_var', shape },
    };
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), epsilon: this.epsilon, momentum: this.momentum };
  }

  #scaleAndShift(x: tf.Tensor2D): tf.Tensor2D {
    const scale = tf.mul(this.#gamma.read(), tf.rsqrt(tf.add(this.#movingVariance.read(), this.epsilon)));
    const shift = tf.sub(this.#beta.read(), tf.mul(this.#movingMean.read(), scale));
    return tf.add(tf.mul(x, scale), shift);
  }

  #normalizeBatch(rows: tf.Tensor2D, weights: tf.Tensor1D | undefined): tf.Tensor2D {
    const weight = weights ? tf.expandDims(weights, 1) : tf.scalar(1);
    const total = weights ? tf.sum(weights) : tf.scalar(rows.shape[0]);
    const count = tf.maximum(total, 1);
    const weighted = (x: tf.Tensor, weight: tf.Tensor) => (weights ? tf.mul(x, weight) : x) as tf.Tensor2D;

    const normalize = tf.customGrad((...args) => {
      const [x, gamma, beta, save] = args as unknown as [tf.Tensor2D, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
      const mean = tf.div(tf.sum(weighted(x, weight), 0), count);
      const centered = tf.sub(x, mean);
      const variance = tf.div(tf.sum(weighted(tf.square(centered), weight), 0), count);
      this.#updateMovingStatistics(mean, variance, total);
      const deviation = tf.rsqrt(tf.add(variance, this.epsilon));
      const scale = tf.mul(gamma, deviation);
      save([centered, deviation, scale, weight, count]);
      return {
        value: tf.add(tf.mul(centered, scale), beta) as tf.Tensor2D,
        gradFunc: (dy: tf.Tensor2D, saved: tf.Tensor[]) => {
          const [xc, inverse, factor, w, n] = saved as [
            tf.Tensor2D,
            tf.Tensor,
            tf.Tensor,
            tf.Tensor,
            tf.Tensor,
          ];
          // dx = scale (dy - w mean(dy) - w x^ mean(dy x^)), where x^ = xc * inverse, and w is 0 for rows that don't count.
          const dBeta = tf.sum(dy, 0);
          const dGamma = tf.mul(tf.sum(tf.mul(dy, xc), 0), inverse);
          const slope = tf.div(tf.mul(tf.mul(dGamma, inverse), factor), n);
          const offset = tf.div(tf.mul(dBeta, factor), n);
          const through = weighted(tf.add(tf.mul(xc, slope), offset), w);
          return [tf.sub(tf.mul(dy, factor), through), dGamma, dBeta];
        },
      };
    });
    return normalize(rows, this.#gamma.read(), this.#beta.read()) as tf.Tensor2D;
  }

  /** Moves the moving statistics one step towards those of the batch, or not at all when no row counts. */
  #updateMovingStatistics(mean: tf.Tensor, variance: tf.Tensor, count: tf.Tensor): void {
    const unbiased = tf.mul(variance, tf.div(count, tf.maximum(tf.sub(count, 1), 1)));
    const step = tf.mul(tf.step(count), 1 - this.momentum);
    const move = (moving: LayerVariable, value: tf.Tensor) =>
      moving.write(tf.add(moving.read(), tf.mul(tf.sub(value, moving.read()), step)));
    move(this.#movingMean, mean);
    move(this.#movingVariance, unbiased);
  }
}
tf.serialization.registerClass(BatchNorm);

/** The shape of x, given that of x or those of [x, weights]. */
function valueShape(shape: Shape | Shape[]): Shape {
  return (Array.isArray(shape[0]) ? shape[0] : shape) as Shape;
}

/** The weight of each row of x as [rows, channels]. */
function rowWeights(x: tf.Tensor, weights: tf.Tensor | undefined): tf.Tensor1D | undefined {
  if (!weights) return undefined;
  const repeats = x.size / x.shape[x.rank - 1]! / weights.size;
  return tf.reshape(tf.tile(tf.reshape(weights, [-1, 1]), [1, repeats]), [-1]) as tf.Tensor1D;
}
