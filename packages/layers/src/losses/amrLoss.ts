import * as tf from '@tensorflow/tfjs-core';
import { checkNotNegative, rejectUnknownOptions } from '../options.js';
import { crossEntropy } from './crossEntropy.js';

/** Options of {@link amrLoss}. */
export interface AmrLossOptions {
  /** The fused prediction, [batch, classes], no softmax applied. */
  logits: tf.Tensor2D;
  /** The prediction of each modality's auxiliary head, [batch, classes] each; may be empty. */
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
 * L = CE(logits, y) + lambda * sum over m of CE(logits_m, y), each a mean over the batch. It is meant for
 * adversarial examples that were made against the fused prediction.
 *
 * This is a reconstruction: the form and the default of lambda are this library's, after what is known of arXiv
 * 2407.19981.
 *
 * @returns a scalar
 * @throws {LayerError} when lambda is negative or not finite, a shape doesn't match the labels, or an option is unknown
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
export function amrLoss(options: AmrLossOptions): tf.Scalar {
  rejectUnknownOptions('amrLoss', options, OPTIONS);
  const { logits, auxiliary, labels, lambda = 1, labelSmoothing = 0 } = options;
  checkNotNegative('amrLoss.lambda', lambda);
  return tf.tidy(() => {
    const meanCrossEntropy = (prediction: tf.Tensor2D): tf.Scalar =>
      tf.mean(crossEntropy(prediction, labels, { labelSmoothing }));
    const [fused, ...others] = [logits, ...auxiliary].map(meanCrossEntropy) as [tf.Scalar, ...tf.Scalar[]];
    if (others.length === 0 || lambda === 0) return fused;
    return tf.add(fused, tf.mul(tf.addN(others), lambda)) as tf.Scalar;
  });
}

const OPTIONS = [
  'logits',
  'auxiliary',
  'labels',
  'lambda',
  'labelSmoothing',
] as const satisfies readonly (keyof AmrLossOptions)[];
