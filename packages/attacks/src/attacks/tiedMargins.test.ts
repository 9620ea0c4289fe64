import { rowsOf, values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type Attack, type Classifier, cw, deepfool, fab, type ThreatModel } from '../index.js';

/** Two logits that are equal on all inputs of the test: x_0 and 0. */
const classifier: Classifier = ({ x }) =>
  tf.tidy(() => tf.concat([tf.slice(x!, [0, 0], [-1, 1]), tf.zeros([x!.shape[0]!, 1])], 1));
const x = tf.tensor2d([
  [0, 3],
  [0, -2],
]);

const attacks: { [name: string]: (own: ThreatModel) => Attack } = {
  cw: (own) => cw(own, { steps: 100, binarySearchSteps: 6 }),
  deepfool: (own) => deepfool(own),
  fab: (own) => fab(own, { steps: 20 }),
};

describe.each(Object.entries(attacks))('%s at a margin of exactly 0', (_, make) => {
  it.each([1, Infinity])(
    'counts the row as fooled where tf.argMax differs from its label, epsilon %s',
    async (epsilon) => {
      const labels = tf.tensor1d([1, 1], 'int32');
      const result = await make({ x: { norm: 'l2', epsilon } }).perturb(classifier, { x }, labels);
      expect(values(result.x!)).toEqual(values(x));
    },
  );

  it.each([1, Infinity])('finds the smallest change where it does not, epsilon %s', async (epsilon) => {
    const labels = tf.tensor1d([0, 0], 'int32');
    const result = await make({ x: { norm: 'l2', epsilon } }).perturb(classifier, { x }, labels);
    expect(values(tf.argMax(classifier(result), 1))).toEqual([1, 1]);
    for (const change of rowsOf(tf.sub(result.x!, x))) {
      expect(Math.hypot(...change)).toBeGreaterThan(0);
      // Any x_0 below 0 is enough; a step of Adam is 0.01 epsilons, or 0.01 where that is infinite.
      expect(Math.hypot(...change)).toBeLessThan(0.011);
    }
  });
});
