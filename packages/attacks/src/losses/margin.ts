import * as tf from '@tensorflow/tfjs-core';
import { maskOut, oneHotOf, pickLogit, rowLoss, topOneHot } from './rowLoss.js';

/**
 * The margin of the best wrong class, (max over i other than y of z_i) - z_y, per sample: the loss of Carlini and Wagner
 * 2017 (f6 with the opposite sign and no floor) as used inside PGD. Above 0 means misclassified.
 * @param logits `[batch, classes]`, two classes or more
 * @param labels `[batch]`, whole numbers
 * @returns `[batch]`
 */
export function marginLoss(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  return tf.tidy(() =>
    rowLoss(logits, (z) => {
      const own = oneHotOf(labels, z);
      const best = topOneHot(maskOut(z, own));
      return {
        loss: tf.squeeze(tf.sub(pickLogit(z, best), pickLogit(z, own)), [1]),
        gradient: tf.sub(best, own),
      };
    }),
  );
}
