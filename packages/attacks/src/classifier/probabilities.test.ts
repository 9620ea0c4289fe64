import { linearClassifier, normal, predictionsOf, uniform } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  type Attack,
  AttackInputError,
  apgd,
  autoAttack,
  type Classifier,
  cw,
  deepfool,
  fab,
  fgsm,
  greedySplit,
  minimalEpsilon,
  noise,
  pgd,
  refuseProbabilities,
  square,
  type ThreatModel,
  worstCase,
} from '../index.js';

const isRefused = (outputs: tf.Tensor) =>
  refuseProbabilities(outputs).then(
    () => false,
    (error) => error instanceof AttackInputError,
  );

describe('refuseProbabilities', () => {
  const logits = normal([6, 5], 1);

  it.each([
    ['a softmax', () => tf.softmax(logits), true],
    ['a softmax in half precision, off by 5e-4', () => tf.add(tf.softmax(logits), 1e-4), true],
    [
      'a saturated softmax with one soft row',
      () => tf.softmax(tf.mul(logits, [[99], [99], [99], [99], [99], [1]])),
      true,
    ],
    ['log-probabilities', () => tf.logSoftmax(logits), false],
    ['logits', () => logits, false],
    [
      'rows that add up to 1 with negative entries',
      () => tf.add(tf.sub(logits, tf.mean(logits, 1, true)), 0.2),
      false,
    ],
    ['sigmoids', () => tf.sigmoid(logits), false],
    ['votes', () => tf.oneHot(tf.argMax(logits, 1), 5), false],
    ['three rows', () => tf.softmax(tf.slice(logits, 0, 3)), false],
    ['one column', () => tf.ones([6, 1]), false],
    ['outputs of another rank', () => tf.softmax(normal([6, 2, 5], 1)), false],
    ['all but one row', () => tf.concat([tf.softmax(logits), tf.ones([1, 5])]), false],
  ])('%s', async (_, make, expected) => {
    const outputs = make();
    const before = tf.memory().numTensors;
    expect(await isRefused(outputs)).toBe(expected);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('names what returned them', async () => {
    await expect(refuseProbabilities(tf.softmax(logits), 'the model')).rejects.toThrow(
      /^the model: got outputs that are probabilities, .* expected logits, .*classifierOf.*allowProbabilities/,
    );
  });
});

const weights = { x: normal([6, 4], 2), y: normal([3, 4], 4) } as { [name: string]: tf.Tensor2D };
const probabilities = (): Classifier => {
  const logits = linearClassifier(weights);
  return (inputs) => tf.softmax(logits(inputs));
};
const inputs = { x: uniform([5, 6], 3), y: uniform([5, 3], 5) };
const labels = predictionsOf(probabilities(), inputs);
const budgets: ThreatModel = {
  x: { norm: 'l2', epsilon: 0.2, range: [0, 1] },
  y: { norm: 'l2', epsilon: 0.2, range: [0, 1] },
};
const steps = 6;
const attacks: [string, (threatModel: ThreatModel) => Attack][] = [
  ['fgsm', fgsm],
  ['pgd', (own) => pgd(own, { steps })],
  ['pgd with EOT', (own) => pgd(own, { steps, eotSamples: 2 })],
  ['apgd', (own) => apgd(own, { steps })],
  ['cw', (own) => cw(own, { steps })],
  ['deepfool', (own) => deepfool(own, { steps })],
  ['fab', (own) => fab(own, { steps })],
  ['square', (own) => square(own, { queries: steps })],
  ['noise', (own) => noise(own, { repeats: steps })],
  ['autoAttack', (own) => autoAttack(own, { attacks: { pgd: (model) => pgd(model, { steps }) } })],
  ['worstCase', (own) => worstCase({ both: own }, { attack: (model) => pgd(model, { steps }) })],
  ['greedySplit', (own) => greedySplit(own, { attack: (model) => pgd(model, { steps }) })],
];

describe.each(attacks)('%s', (_, make) => {
  it('refuses a classifier that gives probabilities before its second step, and leaks nothing', async () => {
    let calls = 0;
    const classifier: Classifier = (given) => {
      calls++;
      return probabilities()(given);
    };
    const before = tf.memory().numTensors;
    const attempt = make(budgets).perturb(classifier, inputs, labels);
    await expect(attempt).rejects.toThrow(/^classifier: got outputs that are probabilities/);
    await expect(attempt).rejects.toThrow(AttackInputError);
    expect(tf.memory().numTensors).toBe(before);
    // The clean point and one step, each with two calls at most.
    expect(calls).toBeLessThanOrEqual(4);
  });

  it('attacks it with allowProbabilities', async () => {
    const options = { allowProbabilities: true };
    const own = await make(budgets).perturb(probabilities(), inputs, labels, options);
    expect(own.x!.shape).toEqual([5, 6]);
  });

  it('does not judge batches of three rows', async () => {
    const few = { x: tf.slice(inputs.x, 0, 3), y: tf.slice(inputs.y, 0, 3) };
    const third = await make(budgets).perturb(probabilities(), few, tf.slice(labels, 0, 3));
    expect(third.x!.shape).toEqual([3, 6]);
  });
});

it('is an option of functions that search over budgets', async () => {
  const options = { threatModel: budgets, steps: 1, maxScale: 2 };
  await expect(minimalEpsilon(probabilities(), inputs, labels, options)).rejects.toThrow(/probabilities/);
  const allowed = { ...options, allowProbabilities: true };
  const { scale } = await minimalEpsilon(probabilities(), inputs, labels, allowed);
  expect(scale.shape).toEqual([5]);
});
