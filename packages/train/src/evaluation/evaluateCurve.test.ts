import { type Attack, type Classifier, pgd, type ThreatModel } from '@amr/attacks';
import { sumClassifier, sumSamples } from '@amr/testing/data/linearSamples';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { evaluateCurve, wilson } from '../index.js';

const samples = sumSamples([1, 0.1, -1, -0.3, 0.2], [1, 1, 0, 0, 0]);
const budgets = {
  a: { norm: 'linf', epsilon: 0.2 },
  b: { norm: 'linf', epsilon: 0.8, stepSize: 0.4 },
} as const;

it('falls at the margins', async () => {
  const before = tf.memory().numTensors;
  const curve = await evaluateCurve(sumClassifier(), samples, {
    budgets,
    scales: [2, 0, 0.75, 0.25],
    batchSize: 2,
  });
  expect(tf.memory().numTensors).toBe(before);
  const accuracies = curve.conditions.map(({ name, points }) => [
    name,
    points.map(({ scale, accuracy }) => [scale, accuracy]),
  ]);
  const line = (...accuracy: number[]) => [0, 0.25, 0.75, 2].map((scale, i) => [scale, accuracy[i]]);
  expect(accuracies).toEqual([
    // Changes of 0, 0.05, 0.15, 0.4 against margins 1, 0.1, 1, 0.3, and one sample that is wrong without an attack.
    ['a', line(0.8, 0.8, 0.6, 0.4)],
    // Changes of 0.2, 0.6, 1.6.
    ['b', line(0.8, 0.6, 0.4, 0)],
    // Changes of 0.25, 0.75, 2.
    ['both', line(0.8, 0.6, 0.4, 0)],
  ]);
  expect(curve.conditions[0]!.points[1]!.interval).toEqual(wilson(4, 5));
  expect(curve).toMatchObject({ samples: 5, conditions: [{ budgets: { a: { epsilon: 0.2 } } }, {}, {}] });
});

it('counts a sample as fooled at the best point on the way on request', async () => {
  const band: Classifier = ({ a, b }) =>
    tf.tidy(() => {
      const outside = tf.sub(tf.abs(tf.add(a!, b!)), 0.15);
      return tf.stack([tf.neg(outside), outside], 1) as tf.Tensor2D;
    });
  const accuracies = async (stopWhenFooled: boolean) => {
    const { conditions } = await evaluateCurve(band, sumSamples([1, 1, 3], [1, 1, 1]), {
      conditions: { a: { a: { norm: 'linf', epsilon: 2, stepSize: 0.5 } } },
      scales: [0, 1],
      attack: (threatModel) => pgd(threatModel, { steps: 3 }),
      stopWhenFooled,
    });
    return conditions[0]!.points.map(({ accuracy }) => accuracy);
  };
  expect(await accuracies(false)).toEqual([1, 1]);
  expect(await accuracies(true)).toEqual([1, 1 / 3]);
});

it('does not attack a sample again after it was fooled', async () => {
  const attacked: [number, number][] = [];
  const attack = (threatModel: ThreatModel): Attack => {
    const inner = pgd(threatModel, { steps: 2 });
    const { epsilon, stepSize } = (threatModel as typeof budgets).b;
    expect(stepSize! / (epsilon as number)).toBe(0.5);
    return {
      ...inner,
      perturb: (classifier, inputs, labels, options) => {
        attacked.push([epsilon as number, labels.shape[0]]);
        return inner.perturb(classifier, inputs, labels, options);
      },
    };
  };
  await evaluateCurve(sumClassifier(), samples, {
    conditions: { b: { b: budgets.b } },
    scales: [0.25, 1, 2, 4],
    attack,
  });
  expect(attacked).toEqual([
    [0.2, 4],
    [0.8, 3],
    [1.6, 2],
  ]);
});

it.each([
  [{ scales: [] }, /^evaluateCurve.scales: got \[\]; expected one or more finite numbers/],
  [{ scales: [1, -1] }, /^evaluateCurve.scales: got \[1, -1\]; expected/],
  [{ batchSize: 0 }, /batchSize/],
  [{ seed: -1 }, /seed: got -1/],
  [{ scale: [1] }, /^evaluateCurve.scale: got an unknown option; expected scales/],
])('refuses %o', async (options, message) => {
  await expect(evaluateCurve(sumClassifier(), samples, { budgets, ...options })).rejects.toThrow(message);
});
