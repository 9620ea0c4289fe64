import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy } from './crossEntropy.js';

/** What {@link amrLoss} takes. */
export interface AmrLossOptions {
  /** The fused prediction, [batch, classes], no softmax applied. */
  logits: tf.Tensor2D;
  /** The prediction of each modality's auxiliary head, [batch, classes] each; none is allowed. */
  auxiliary: readonly tf.Tensor2D[];
  /** The classes, [batch], int32. */
  labels: tf.Tensor1D;
  /** Weight of the auxiliary terms, >= 0. Default 1. */
  lambda?: number;
  /** As in {@link crossEntropy}, for all terms. Default 0. */
  labelSmoothing?: number;
}

/**
 * The loss that trains a network with an attention modality reweighter, with deep supervision of each modality:
 * L = CE(logits, y) + lambda * sum over m of CE(logits_m, y), each a mean over the batch. Its samples are meant to be
 * adversarial ones, made against the fused prediction.
 *
 * This is a reconstruction: the form and the default of lambda are this library's, after what is known of arXiv
 * 2407.19981.
 *
 * @returns a scalar
 * @throws {Error} when lambda is negative or not finite, or a shape doesn't match the labels
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { amrLoss } from '@amr/layers';
 *
 * const undecided = tf.zeros([4, 10]) as tf.Tensor2D;
 * const labels = tf.tensor1d([1, 2, 3, 4], 'int32');
 * const loss = amrLoss({ logits: undecided, auxiliary: [undecided, undecided], labels, lambda: 0.5 });
 * console.log(loss.arraySync()); // 2 * ln(10) = 4.605
 * ```
 */
export function amrLoss({
  logits,
  auxiliary,
  labels,
  lambda = 1,
  labelSmoothing = 0,
}: AmrLossOptions): tf.Scalar {
  if (!(Number.isFinite(lambda) && lambda >= 0)) {
    throw new Error(`amrLoss: got lambda ${lambda}; expected a finite number, 0 or more.`);
  }
  return tf.tidy(() => {
    const meanCrossEntropy = (prediction: tf.Tensor2D): tf.Scalar =>
      tf.mean(crossEntropy(prediction, labels, { labelSmoothing }));
    const [fused, ...others] = [logits, ...auxiliary].map(meanCrossEntropy) as [tf.Scalar, ...tf.Scalar[]];
    if (others.length === 0 || lambda === 0) return fused;
    return tf.add(fused, tf.mul(tf.addN(others), lambda)) as tf.Scalar;
  });
}
