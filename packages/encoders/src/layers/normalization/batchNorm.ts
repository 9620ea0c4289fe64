import type { LayerConfig } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import type { TorchLayer, TorchWeight } from '../../torch/torchWeights.js';

/** What {@link BatchNorm} can be told. */
export interface BatchNormConfig extends LayerConfig {
  /** Added to the variance. Default 1e-5, PyTorch's. */
  epsilon?: number;
  /** Share of the old moving statistics that stays at each training step. Default 0.9, PyTorch's 0.1. */
  momentum?: number;
}

/**
 * Batch normalisation over all axes but the last (Ioffe & Szegedy, ICML 2015), at any rank: tfjs-layers' own stops at
 * rank 4. Under training it normalises with the batch's statistics and moves the moving ones towards them (mean, and
 * the unbiased variance, as PyTorch does); otherwise it is a scale and a shift per channel. The gradient is that of
 * the whole formula in one piece, which takes a third of the time that the composed one takes.
 *
 * In: x of [batch, ..., C]; or [x, weights] with weights of x's shape without some of the last axes ([batch, persons]
 * for [batch, persons, frames, joints, C]): rows of weight 0 do not count in the statistics, nor do they get a
 * gradient through them. Out: x's shape.
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
  private gamma!: LayerVariable;
  private beta!: LayerVariable;
  private movingMean!: LayerVariable;
  private movingVariance!: LayerVariable;

  /** @param config see {@link BatchNormConfig} */
  constructor(config: BatchNormConfig = {}) {
    super(config);
    this.epsilon = config.epsilon ?? 1e-5;
    this.momentum = config.momentum ?? 0.9;
  }

  override build(inputShape: Shape | Shape[]): void {
    const channels = valueShape(inputShape).at(-1);
    if (channels == null) {
      throw new Error(
        `BatchNorm: got shape [${inputShape}]; expected a known number of channels, the last axis.`,
      );
    }
    const ones = initializers.ones();
    const zeros = initializers.zeros();
    this.gamma = this.addWeight('gamma', [channels], 'float32', ones);
    this.beta = this.addWeight('beta', [channels], 'float32', zeros);
    this.movingMean = this.addWeight('moving_mean', [channels], 'float32', zeros, undefined, false);
    this.movingVariance = this.addWeight('moving_variance', [channels], 'float32', ones, undefined, false);
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
        ? this.normalizeBatch(rows, rowWeights(x, weights))
        : this.scaleAndShift(rows);
      return tf.reshape(y, x.shape);
    });
  }

  /** Those of PyTorch's `BatchNorm1d`, `2d` and `3d`. */
  torchWeights(): { [weight: string]: TorchWeight } {
    const shape = this.gamma.shape as number[];
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

  private scaleAndShift(x: tf.Tensor2D): tf.Tensor2D {
    const scale = tf.mul(this.gamma.read(), tf.rsqrt(tf.add(this.movingVariance.read(), this.epsilon)));
    const shift = tf.sub(this.beta.read(), tf.mul(this.movingMean.read(), scale));
    return tf.add(tf.mul(x, scale), shift);
  }

  private normalizeBatch(rows: tf.Tensor2D, weights: tf.Tensor1D | undefined): tf.Tensor2D {
    const weight = weights ? tf.expandDims(weights, 1) : tf.scalar(1);
    const counting = weights ? tf.sum(weights) : tf.scalar(rows.shape[0]);
    const count = tf.maximum(counting, 1);
    const counted = (x: tf.Tensor, weight: tf.Tensor) => (weights ? tf.mul(x, weight) : x) as tf.Tensor2D;

    const normalize = tf.customGrad((...args) => {
      const [x, gamma, beta, save] = args as unknown as [tf.Tensor2D, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
      const mean = tf.div(tf.sum(counted(x, weight), 0), count);
      const centered = tf.sub(x, mean);
      const variance = tf.div(tf.sum(counted(tf.square(centered), weight), 0), count);
      this.follow(mean, variance, counting);
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
          // dx = scale (dy - w mean(dy) - w x^ mean(dy x^)), where x^ = xc * inverse and w is 0 for rows left out.
          const dBeta = tf.sum(dy, 0);
          const dGamma = tf.mul(tf.sum(tf.mul(dy, xc), 0), inverse);
          const slope = tf.div(tf.mul(tf.mul(dGamma, inverse), factor), n);
          const offset = tf.div(tf.mul(dBeta, factor), n);
          const through = counted(tf.add(tf.mul(xc, slope), offset), w);
          return [tf.sub(tf.mul(dy, factor), through), dGamma, dBeta];
        },
      };
    });
    return normalize(rows, this.gamma.read(), this.beta.read()) as tf.Tensor2D;
  }

  /** Moves the moving statistics one step towards the batch's, or not at all where no row counts. */
  private follow(mean: tf.Tensor, variance: tf.Tensor, count: tf.Tensor): void {
    const unbiased = tf.mul(variance, tf.div(count, tf.maximum(tf.sub(count, 1), 1)));
    const step = tf.mul(tf.step(count), 1 - this.momentum);
    const towards = (moving: LayerVariable, value: tf.Tensor) =>
      moving.write(tf.add(moving.read(), tf.mul(tf.sub(value, moving.read()), step)));
    towards(this.movingMean, mean);
    towards(this.movingVariance, unbiased);
  }
}
tf.serialization.registerClass(BatchNorm);

/** The shape of x, of [x, weights] as well. */
function valueShape(shape: Shape | Shape[]): Shape {
  return (Array.isArray(shape[0]) ? shape[0] : shape) as Shape;
}

/** The weight of each row of x seen as [rows, channels]. */
function rowWeights(x: tf.Tensor, weights: tf.Tensor | undefined): tf.Tensor1D | undefined {
  if (!weights) return undefined;
  const repeats = x.size / x.shape[x.rank - 1]! / weights.size;
  return tf.reshape(tf.tile(tf.reshape(weights, [-1, 1]), [1, repeats]), [-1]) as tf.Tensor1D;
}
