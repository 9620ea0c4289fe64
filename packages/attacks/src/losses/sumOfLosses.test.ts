import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { linearClassifier, normal, values } from '@amr/testing/attacks/models';
import { describe, expect, it } from 'vitest';
import { pgd } from '../attacks/pgd.js';
import { AttackOptionsError } from '../errors.js';
import { type AttackLoss, type LossInputs, maximisedLossOf, type ObservedLoss } from './attackLoss.js';
import { sumOfLosses } from './sumOfLosses.js';

const seen: LossInputs = {
  logits: tf.tensor2d([
    [1, 3, 0, -1],
    [2, 2.5, 0, 4],
  ]),
  labels: tf.tensor1d([0, 3], 'int32'),
  inputs: {},
  clean: {},
  observed: { features: tf.tensor2d([[1], [7]]) },
  observedClean: {},
};
const observing: ObservedLoss = {
  name: 'features',
  observed: ['features'],
  compute: ({ observed }) => tf.sum(observed.features!, 1),
};

describe('sumOfLosses', () => {
  it('is the weighted sum of the losses that attacks maximise, with and without targets', () => {
    const own: AttackLoss = (logits) => tf.max(logits, 1) as tf.Tensor1D;
    const terms = [
      { loss: 'cross-entropy' as const },
      { loss: 'dlr' as const, weight: -2 },
      { loss: own, weight: 0.5 },
      { loss: observing, weight: 3 },
    ];
    const sum = sumOfLosses(terms);
    expect(sum.observed).toEqual(['features']);
    for (const given of [seen, { ...seen, targets: tf.tensor1d([2, 0], 'int32') }]) {
      const parts = terms.map(({ loss, weight = 1 }) =>
        values(maximisedLossOf(loss).compute(given)).map((value) => weight * value),
      );
      values(sum.compute(given)).forEach((value, row) => {
        const expected = parts.reduce((total, part) => total + part[row]!, 0);
        expect(value).toBeCloseTo(expected, 4);
      });
    }
  });

  it('nests, and asks once for values that several terms need', () => {
    const nested = sumOfLosses([
      { loss: observing },
      { loss: sumOfLosses([{ loss: observing, weight: 2 }]) },
    ]);
    expect(nested.observed).toEqual(['features']);
    expect(values(nested.compute(seen))).toEqual([3, 21]);
  });

  it('with one term attacks as that loss does', async () => {
    const classifier = linearClassifier({ x: normal([6, 5], 1) as tf.Tensor2D });
    const [x, labels] = [normal([4, 6], 2), tf.tensor1d([0, 1, 2, 3], 'int32')];
    for (const loss of ['cross-entropy', 'cw', 'dlr'] as const) {
      const run = async (one: AttackLoss) =>
        values(
          (await pgd({ x: { norm: 'l2', epsilon: 1 } }, { loss: one }).perturb(classifier, { x }, labels)).x!,
        );
      expect(await run(sumOfLosses([{ loss, weight: 1 }]))).toEqual(await run(loss));
    }
  });

  it('refuses an empty list, weights and losses that are not valid, and unknown options', () => {
    expect(() => sumOfLosses([])).toThrow(AttackOptionsError);
    expect(() => sumOfLosses([])).toThrow(/^sumOfLosses\.terms: got \[\]; expected one loss or more\.$/);
    expect(() => sumOfLosses([{ loss: 'cw', wieght: 1 } as never])).toThrow(
      /^sumOfLosses\.terms\[0\]\.wieght: .*; expected weight\. Rename it\.$/,
    );
    expect(() => sumOfLosses([{ loss: 'cw', weight: Number.NaN }], 'mine')).toThrow(
      /^sumOfLosses\.terms\[0\]\.weight: got NaN; expected a finite number\.$/,
    );
    expect(() => sumOfLosses([{ loss: 'hinge' as 'cw' }])).toThrow(
      /^sumOfLosses\.terms\[0\]\.loss: got 'hinge'/,
    );
  });
});
