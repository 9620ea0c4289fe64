import { describeInvariants, jointBudgetOf } from '@amr/testing/attacks/invariants';
import {
  denseClassifier,
  lengthOf,
  normal,
  predictionsOf,
  rowsOf,
  uniform,
  values,
} from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type Budget, type Classifier, cw, fab, jointBall } from '../../index.js';

const options = { steps: 10, binarySearchSteps: 3, initialConstant: 0.1, learningRate: 0.1 };
describeInvariants('cw', (threat) => cw(threat, options), {
  norms: ['l2'],
  rightAtFirst: true,
  infinite: true,
  numRuns: 7,
});
describeInvariants('cw in two balls', (threat) => cw(threat, options), {
  norms: ['l2'],
  rightAtFirst: true,
  infinite: true,
  numRuns: 5,
  other: { norm: 'l2', epsilon: 0.2 },
});
describeInvariants(
  'cw in a joint ball',
  ({ a }) => cw(jointBall('l2', a.epsilon, { a: jointBudgetOf(a, 1 / 3), b: { scale: 2 } }), options),
  { norms: ['l2'], rightAtFirst: true, infinite: true, numRuns: 5, joint: { a: 1 / 3, b: 2 } },
);

describe('cw with the constants of the paper, in any unit', () => {
  const lengths = (result: tf.Tensor, clean: tf.Tensor, unit: number) =>
    tf.tidy(() => rowsOf(tf.div(tf.sub(result, clean), unit)).map((row) => lengthOf('l2', row)));
  /** The last: how much longer than fab's the perturbations may be on average. */
  const settings: [string, tf.Tensor, (unit: number) => Partial<Budget>, number][] = [
    ['in a range', uniform([4, 3, 2], 1), (unit) => ({ range: [0, unit] }), 1.02],
    ['without a range', normal([4, 3, 2], 2), () => ({}), 1.02],
    ['within a radius', normal([4, 3, 2], 3), (unit) => ({ epsilon: 3 * unit }), 1.02],
    ['for inputs that are all zero', tf.zeros([4, 3, 2]), () => ({}), 1.02],
    // Two of the four end in a local minimum that fab's other starting directions avoid.
    ['for inputs far from 0', tf.tidy(() => tf.add(normal([4, 3, 2], 5), 100)), () => ({}), 1.35],
  ];

  // A third of the default steps, for time.
  const options = { steps: 300 };
  it.each(settings)(
    'is nearly as near as fab, and as near as in a unit of 1: %s',
    async (_, x, budget, slack) => {
      const network = denseClassifier({ x }, 4, 11, 3);
      const offset = tf.tidy(() => tf.add(tf.mean(x, 0, true), normal([1, 3, 2], 9, 0.5)));
      const run = async (unit: number) => {
        const classifier: Classifier = (inputs) =>
          tf.tidy(() => network({ x: tf.sub(tf.div(inputs.x!, unit), offset) }));
        const clean = { x: tf.mul(x, unit) };
        const labels = predictionsOf(classifier, clean);
        const threat = { x: { norm: 'l2', epsilon: Infinity, ...budget(unit) } as Budget };
        const found = await cw(threat, options).perturb(classifier, clean, labels);
        const nearest = await fab(threat, { steps: 30 }).perturb(classifier, clean, labels);
        const wrong = tf.tidy(() => values(tf.notEqual(predictionsOf(classifier, found), labels)));
        expect(wrong).toEqual([1, 1, 1, 1]);
        return [lengths(found.x!, clean.x, unit), lengths(nearest.x!, clean.x, unit)] as const;
      };
      const [published] = await run(1);
      for (const unit of [1e-3, 255, 1000].map(Math.fround)) {
        const [found, nearest] = await run(unit);
        for (const [row, length] of found.entries()) {
          // What 300 steps of Adam make of rounding errors in the quotient by the unit.
          expect(Math.abs(length - published[row]!)).toBeLessThan(1e-3 * published[row]!);
        }
        const sum = (all: readonly number[]) => all.reduce((a, b) => a + b, 0);
        expect(sum(found)).toBeLessThan(slack * sum(nearest));
      }
    },
  );
});
