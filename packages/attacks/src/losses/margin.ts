import { mismatch } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { AttackInputError } from '../errors.js';
import { maskOut, oneHotOf, pickLogit, rowLoss, topOneHot } from './rowLoss.js';

/**
 * The margin of the best wrong class, (max over i other than y of z_i) - z_y, per sample: the loss of Carlini and Wagner
 * 2017 (f6 with the opposite sign and no floor) as used inside PGD. Above 0 means misclassified.
 * @param logits `[batch, classes]`, two classes or more
 * @param labels `[batch]`, whole numbers
 * @param rank the place of the wrong class among the wrong ones, from 1 for the best: the label is among the k largest
 *   logits as long as the margin of rank k is below 0. Default 1
 * @returns `[batch]`
 * @throws {AttackInputError} when there are not so many wrong classes
 */
export function marginLoss(logits: tf.Tensor2D, labels: tf.Tensor1D, rank = 1): tf.Tensor1D {
  if (!(rank < logits.shape[1])) {
    const expected = `more than ${rank} classes, as the margin is that to the wrong class in place ${rank}`;
    throw new AttackInputError(mismatch('logits', logits, expected));
  }
  return tf.tidy(() =>
    rowLoss(logits, (z) => {
      const own = oneHotOf(labels, z);
      let rest = maskOut(z, own);
      for (let place = 1; place < rank; place++) rest = maskOut(rest, topOneHot(rest));
      const best = topOneHot(rest);
      return {
        loss: tf.squeeze(tf.sub(pickLogit(z, best), pickLogit(z, own)), [1]),
        gradient: tf.sub(best, own),
      };
    }),
  );
}
