import * as tf from '@tensorflow/tfjs-core';
import { oneHotOf, rowLoss } from './rowLoss.js';

/** Smaller weights count as this one, so that the gradient of a weight that has vanished stays finite. */
const SMALLEST = 1e-35;

/**
 * The log-odds that a gate gives to one modality, per sample: log a_k - log(sum of a_m, m other than k). For softmax
 * weights that is the logit of a_k relative to all others, so its gradient doesn't vanish when the softmax is saturated, as
 * the gradient of a_k does.
 * @param weights `[batch, modalities]`, 0 or more
 * @param favoured `[batch]`, the column k of each sample, whole numbers; no gradient flows through the choice
 * @returns `[batch]`
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { gateLogOdds } from '@amr/attacks';
 * const odds = gateLogOdds(tf.tensor2d([[0.2, 0.8]]), tf.tensor1d([1], 'int32'));
 * console.log(await odds.data()); // log(4) = 1.386
 * ```
 */
export function gateLogOdds(weights: tf.Tensor2D, favoured: tf.Tensor1D): tf.Tensor1D {
  return tf.tidy(() =>
    rowLoss(weights, (a) => {
      const own = oneHotOf(favoured, a);
      const rest = tf.sub<tf.Tensor2D>(1, own);
      const atLeast = (part: tf.Tensor2D) => tf.maximum(tf.sum(tf.mul(a, part), 1, true), SMALLEST);
      const [top, bottom] = [atLeast(own), atLeast(rest)];
      return {
        loss: tf.squeeze(tf.sub(tf.log(top), tf.log(bottom)), [1]) as tf.Tensor1D,
        gradient: tf.sub(tf.div(own, top), tf.div(rest, bottom)),
      };
    }),
  );
}
