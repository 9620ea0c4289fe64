import type { Budget, Classifier, Modalities, NormName } from '@amr/attacks';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { denseClassifier, normal, predictionsOf, uniform } from './models.js';

/** A batch, a network and a budget. */
export interface InvariantCase {
  norm: NormName;
  inputs: Modalities;
  labels: tf.Tensor1D;
  classifier: Classifier;
  /** Of modality `a`. */
  budget: Budget;
  mask: tf.Tensor;
  range: [number, number];
  epsilon: number;
  seed: number;
}

/** A batch of rank 2 to 5 in a range other than [0, 1], with a second modality, and a budget. */
export function casesOf(
  norms: readonly NormName[],
  classes: number,
  rightAtFirst: boolean,
): fc.Arbitrary<InvariantCase> {
  return fc
    .record({
      norm: fc.constantFrom(...norms),
      sample: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
      rows: fc.integer({ min: 1, max: 4 }),
      low: fc.integer({ min: -20, max: 20 }),
      width: fc.constantFrom(0.5, 1, 255),
      share: fc.constantFrom(0.01, 0.1, 2),
      // A gain of 40 saturates the softmax of most rows.
      gain: fc.constantFrom(3, 40),
      seed: fc.nat(10_000),
    })
    .map(({ norm, sample, rows, low, width, share, gain, seed }) => {
      const range: [number, number] = [low, low + width];
      const shape = [rows, ...sample];
      // Every fifth entry sits at an end of the range.
      const a = tf.tidy(() => {
        const inside = uniform(shape, seed + 1, range);
        const place = tf.floor(uniform(shape, seed + 2, [0, 10]));
        const atLow = tf.where(tf.equal(place, 0), tf.fill(shape, range[0]), inside);
        return tf.where(tf.equal(place, 1), tf.fill(shape, range[1]), atLow);
      });
      const inputs: Modalities = { a, b: normal([rows, 3], seed + 3) };
      const mask = tf.tidy(() => tf.cast(tf.greater(uniform(shape, seed + 4), 0.3), 'float32'));
      const drawn = tf.tidy(() =>
        tf.cast(tf.floor(uniform([rows], seed + 5, [0, classes])), 'int32'),
      ) as tf.Tensor1D;
      const scaled: Modalities = { a: tf.div(tf.sub(a, low), width), b: inputs.b! };
      const network = denseClassifier(scaled, classes, seed + 6, gain);
      const classifier = (x: Modalities) =>
        tf.tidy(() => network({ a: tf.div(tf.sub(x.a!, low), width), b: x.b! }));
      const labels = rightAtFirst ? predictionsOf(classifier, inputs) : drawn;
      const epsilon = Math.fround(share * width);
      const budget: Budget = { norm, epsilon, range, mask };
      return { norm, inputs, labels, classifier, budget, mask, range, epsilon, seed };
    });
}
