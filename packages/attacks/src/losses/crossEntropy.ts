import * as tf from '@tensorflow/tfjs-core';
import { maskOut, oneHotOf, pickLogit, rowLoss } from './rowLoss.js';

/**
 * Cross-entropy of softmax(logits), per sample: -log p_y, computed as log(1 + exp(d)) of the {@link logOdds} d.
 * Its gradient, sigmoid(d) * grad d, is exact down to d = -87, where softmax(logits) - onehot(y) has long
 * been rounded to 0.
 * @param logits `[batch, classes]`, two classes or more
 * @param labels `[batch]`, whole numbers
 * @returns `[batch]`, in nats
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { crossEntropyLoss } from '@amr/attacks';
 * const loss = crossEntropyLoss(tf.tensor2d([[100, 0]]), tf.tensor1d([1], 'int32'));
 * console.log(await loss.data()); // 100
 * ```
 */
export function crossEntropyLoss(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  return tf.tidy(() =>
    rowLoss(logits, (z) => {
      const { loss, gradient } = logOddsOf(z, labels);
      return { loss: softplus(loss), gradient: tf.mul(gradient, tf.expandDims(tf.sigmoid(loss), 1)) };
    }),
  );
}

/**
 * d = log(sum of exp(z_i) over i other than y) - z_y, the log-odds of a wrong answer, per sample.
 *
 * Cross-entropy is log(1 + exp(d)), so both rise in the same direction in every row, but the gradient of d never
 * vanishes, however sure the classifier is. Attacks depend only on the direction of a row's gradient, so for the loss
 * 'cross-entropy' they follow d.
 * @param logits `[batch, classes]`, two classes or more
 * @param labels `[batch]`, whole numbers
 * @returns `[batch]`
 */
export function logOdds(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  return tf.tidy(() => rowLoss(logits, (z) => logOddsOf(z, labels)));
}

function logOddsOf(z: tf.Tensor2D, labels: tf.Tensor1D) {
  const own = oneHotOf(labels, z);
  const others = maskOut(z, own);
  const top = tf.max(others, 1, true);
  const weights = tf.exp(tf.sub(others, top));
  const total = tf.sum(weights, 1, true);
  return {
    loss: tf.squeeze(tf.sub(tf.add(top, tf.log(total)), pickLogit(z, own)), [1]) as tf.Tensor1D,
    gradient: tf.sub(tf.div(weights, total), own) as tf.Tensor2D,
  };
}

/** log(1 + exp(d)), without overflow. */
export function softplus<T extends tf.Tensor>(d: T): T {
  return tf.add(tf.relu(d), tf.log1p(tf.exp(tf.neg(tf.abs(d)))));
}
