import { denseClassifier, predictionsOf, uniform, values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { AttackInputError, pgd, predictedLabels } from '../index.js';
import { chooseTargets } from './targets.js';

const inputs = { x: uniform([60, 4], 1) };
const classifier = denseClassifier(inputs, 5, 2, 3);
const labels = tf.tidy(() => tf.cast(tf.floor(uniform([60], 3, [0, 5])), 'int32')) as tf.Tensor1D;
const choose = (targets: 'least-likely' | 'random', seed = 0) =>
  values(chooseTargets(classifier, inputs, labels, { targets, seed })!);

it('takes the class with the smallest logit, or the next where that is the label', () => {
  const logits = classifier(inputs).arraySync() as number[][];
  const expected = logits.map((z, row) => {
    const others = z.map((value, k) => (k === values(labels)[row] ? Infinity : value));
    return others.indexOf(Math.min(...others));
  });
  expect(choose('least-likely')).toEqual(expected);
  // The case is in the data: in some rows the least likely class is the label.
  expect(values(tf.argMin(classifier(inputs), 1)).some((k, row) => k === values(labels)[row])).toBe(true);
});

it('draws each class but the label, by the seed and the number of the row', () => {
  const first = choose('random', 1);
  expect(first.every((k, row) => k !== values(labels)[row] && k >= 0 && k < 5)).toBe(true);
  expect(new Set(first).size).toBe(5);
  expect(choose('random', 1)).toEqual(first);
  expect(choose('random', 2)).not.toEqual(first);
  const rows = [7, 3];
  const part = { x: tf.gather(inputs.x, rows) };
  const some = chooseTargets(classifier, part, tf.gather(labels, rows), {
    targets: 'random',
    seed: 1,
    rows,
  })!;
  expect(values(some)).toEqual(rows.map((row) => first[row]));
});

it('leads an attack to the targets, and leaks nothing', async () => {
  const right = predictedLabels(classifier, inputs);
  expect(values(right)).toEqual(values(predictionsOf(classifier, inputs)));
  const before = tf.memory().numTensors;
  const result = await pgd({ x: { norm: 'l2', epsilon: 4 } }).perturb(classifier, inputs, right, {
    targets: 'random',
    seed: 1,
  });
  expect(tf.memory().numTensors - before).toBe(1);
  const wanted = values(chooseTargets(classifier, inputs, right, { targets: 'random', seed: 1 })!);
  const reached = values(predictionsOf(classifier, result)).filter((y, row) => y === wanted[row]).length;
  expect(reached).toBeGreaterThan(45);
});

it('refuses other texts, and outputs that are not logits', async () => {
  const attack = pgd({ x: { norm: 'l2', epsilon: 1 } });
  await expect(attack.perturb(classifier, inputs, labels, { targets: 'likely' as 'random' })).rejects.toThrow(
    /perturb\.targets: got 'likely'; expected a tensor, 'least-likely' or 'random'/,
  );
  const flat = () => tf.zeros([60]);
  await expect(attack.perturb(flat, inputs, labels, { targets: 'random' })).rejects.toThrow(AttackInputError);
  expect(() => predictedLabels(flat, inputs)).toThrow(/classifier: got .*logits of shape \[batch, classes\]/);
});
