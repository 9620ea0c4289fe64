import type { Classifier } from '@amr/attacks';
import type { Dataset } from '@amr/train';
import * as tf from '@tensorflow/tfjs-core';

/** Samples whose two inputs add up to `sums`, with these labels. */
export function sumSamples(sums: readonly number[], labels: readonly number[]): Dataset {
  const ids = sums.map((sum, i) => `${i}: ${sum}`);
  return {
    size: sums.length,
    ids,
    classes: ['negative', 'positive'],
    modalities: { a: { shape: [], unit: 'one' }, b: { shape: [], unit: 'one' } },
    async *batches({ batchSize, start = 0 }) {
      for (let at = start * batchSize; at < sums.length; at += batchSize) {
        const halves = sums.slice(at, at + batchSize).map((sum) => sum / 2);
        yield {
          ids: ids.slice(at, at + batchSize),
          inputs: { a: tf.tensor1d(halves), b: tf.tensor1d(halves) },
          labels: tf.tensor1d(labels.slice(at, at + batchSize), 'int32'),
        };
      }
    },
    subset: (rows) =>
      sumSamples(
        rows.map((row) => sums[row]!),
        rows.map((row) => labels[row]!),
      ),
  };
}

/** Predicts class 1 when weightA * a + b is positive, so that the effect of an attack can be computed by hand. */
export const sumClassifier =
  (weightA = 1): Classifier =>
  ({ a, b }) =>
    tf.tidy(() => {
      const sum = tf.add(tf.mul(a!, weightA), b!);
      return tf.stack([tf.neg(sum), sum], 1) as tf.Tensor2D;
    });
