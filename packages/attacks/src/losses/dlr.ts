import { mismatch } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { AttackInputError } from '../errors.js';
import { maskOut, oneHotOf, pickLogit, rowLoss, topOneHot } from './rowLoss.js';

/** Keeps the quotient finite when all its logits are equal. */
const GUARD = 1e-12;

/**
 * Difference of logits ratio (Croce and Hein 2020, eq. 6), per sample:
 * -(z_y - max over i other than y of z_i) / (z_(1) - z_(3) + 1e-12), z_(k) the k-th largest logit.
 * The ratio doesn't change when the logits are shifted or scaled.
 * @param logits `[batch, classes]`, four classes or more
 * @param labels `[batch]`, whole numbers
 * @returns `[batch]`; above 0 means misclassified
 * @throws {AttackInputError} with three classes or fewer, where it is not defined
 */
export function dlrLoss(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  checkClasses(logits);
  return tf.tidy(() =>
    rowLoss(logits, (z) => {
      const own = oneHotOf(labels, z);
      const rival = topOneHot(maskOut(z, own));
      const [first, , third] = largest(z, 3) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      return quotient(z, tf.sub(rival, own), tf.sub(first, third));
    }),
  );
}

/**
 * Targeted difference of logits ratio (Croce and Hein 2020, eq. 7), per sample:
 * -(z_y - z_t) / (z_(1) - (z_(3) + z_(4)) / 2 + 1e-12), t the class to be predicted.
 * @param logits `[batch, classes]`, four classes or more
 * @param labels true classes `[batch]`
 * @param targets classes to be predicted `[batch]`
 * @returns `[batch]`
 * @throws {AttackInputError} with three classes or fewer
 */
export function targetedDlrLoss(logits: tf.Tensor2D, labels: tf.Tensor1D, targets: tf.Tensor1D): tf.Tensor1D {
  checkClasses(logits);
  return tf.tidy(() =>
    rowLoss(logits, (z) => {
      const wanted = tf.sub<tf.Tensor2D>(oneHotOf(targets, z), oneHotOf(labels, z));
      const [first, , third, fourth] = largest(z, 4) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      return quotient(z, wanted, tf.sub(first, tf.div(tf.add(third, fourth), 2)));
    }),
  );
}

/** (a . z) / (b . z) per row and its gradient, a / (b . z) - b (a . z) / (b . z)^2. */
function quotient(z: tf.Tensor2D, a: tf.Tensor2D, b: tf.Tensor2D) {
  const scale = tf.add(pickLogit(z, b), GUARD);
  const ratio = tf.div<tf.Tensor2D>(pickLogit(z, a), scale);
  return {
    loss: tf.squeeze(ratio, [1]) as tf.Tensor1D,
    gradient: tf.div(tf.sub(a, tf.mul(b, ratio)), scale) as tf.Tensor2D,
  };
}

/** One-hot matrices of the `count` largest logits of each row, in falling order. */
function largest(logits: tf.Tensor2D, count: number): tf.Tensor2D[] {
  const found: tf.Tensor2D[] = [];
  let rest = logits;
  for (let i = 0; i < count; i++) {
    const top = topOneHot(rest);
    found.push(top);
    rest = maskOut(rest, top);
  }
  return found;
}

function checkClasses(logits: tf.Tensor2D): void {
  if (logits.shape[1] < 4) {
    const expected = "four classes or more, which the loss 'dlr' needs";
    throw new AttackInputError(mismatch('logits', logits, expected, "Use 'cw' or 'cross-entropy'."));
  }
}
