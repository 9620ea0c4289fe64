import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable, layers } from '@tensorflow/tfjs-layers';
import { stockLayer } from './stockLayer.js';

/** The fields of tfjs-layers' BatchNormalization that rank 5 needs. */
interface Stock {
  /** The axis that is normalised index by index; the last by default. */
  readonly axis: number;
  /** Share of the moving statistics that a step of training keeps. */
  readonly momentum: number;
  /** Added to the variance. */
  readonly epsilon: number;
  /** The scale, unless `scale` is false. */
  readonly gamma?: LayerVariable;
  /** The offset, unless `center` is false. */
  readonly beta?: LayerVariable;
  /** The mean that predictions use. */
  readonly movingMean: LayerVariable;
  /** The variance that predictions use. */
  readonly movingVariance: LayerVariable;
}

const StockBatchNormalization = /* @__PURE__ */ stockLayer<Stock>('BatchNormalization');

/**
 * tfjs-layers' BatchNormalization, for features of rank 5 as well, as behind a Conv3D, and in training also without gamma or
 * beta. Everything else is computed by tfjs-layers.
 *
 * In rank 5, as in the others, the moving variance follows the batch's biased variance.
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { BatchNormalization } from '@amr/layers/keras';
 *
 * const normalization = new BatchNormalization({ epsilon: 1e-5 });
 * console.log((normalization.apply(tf.ones([2, 4, 8, 8, 3])) as tf.Tensor).shape); // [2, 4, 8, 8, 3]
 * ```
 */
export class BatchNormalization extends StockBatchNormalization {
  /** The name that saved models know this layer by. */
  static readonly className = 'BatchNormalization';

  constructor(config: NonNullable<Parameters<typeof layers.batchNormalization>[0]> = {}) {
    super(config);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean }): tf.Tensor | tf.Tensor[] {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    // In training, tfjs-layers also fails without gamma or beta.
    const whole = this.gamma && this.beta;
    if (x.rank !== 5 && (whole || !kwargs.training)) return super.call(inputs, kwargs);
    return tf.tidy(() => {
      const axis = (this.axis + x.rank) % x.rank;
      const last = axis === x.rank - 1;
      const axes = x.shape.map((_, other) => other);
      const toLast = axes.filter((other) => other !== axis).concat(axis);
      const back = axes.map((other) => toLast.indexOf(other));
      const channelsLast = last ? x : tf.transpose(x, toLast);
      const rows = tf.reshape(channelsLast, [-1, x.shape[axis]!]) as tf.Tensor2D;
      const y = tf.reshape(this.#normalize(rows, kwargs.training === true), channelsLast.shape);
      return last ? y : tf.transpose(y, back);
    });
  }

  /** Each column of [rows, channels], by the moving statistics, or by its own in training, which then move. */
  #normalize(rows: tf.Tensor2D, training: boolean): tf.Tensor2D {
    const { mean, variance } = training
      ? (tf.moments(rows, 0) as { mean: tf.Tensor1D; variance: tf.Tensor1D })
      : {
          mean: this.movingMean.read() as tf.Tensor1D,
          variance: this.movingVariance.read() as tf.Tensor1D,
        };
    if (training) {
      this.#move(this.movingMean, mean);
      this.#move(this.movingVariance, variance);
    }
    // Always both: tfjs has no gradient without them.
    const beta = (this.beta?.read() ?? tf.zerosLike(mean)) as tf.Tensor1D;
    const gamma = (this.gamma?.read() ?? tf.onesLike(mean)) as tf.Tensor1D;
    return tf.batchNorm2d(rows, mean, variance, beta, gamma, this.epsilon);
  }

  #move(statistic: LayerVariable, batch: tf.Tensor): void {
    const moving = statistic.read();
    statistic.write(tf.sub(moving, tf.mul(tf.sub(moving, batch), 1 - this.momentum)));
  }
}
tf.serialization.registerClass(BatchNormalization);
