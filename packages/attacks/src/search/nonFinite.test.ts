import { values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  type Attack,
  alternating,
  apgd,
  autoAttack,
  type Classifier,
  cw,
  deepfool,
  fab,
  fgsm,
  GradientError,
  mifgsm,
  pgd,
  type ThreatModel,
  worstCase,
} from '../index.js';

const weights = tf.tensor2d([
  [1, -1, 0],
  [0, 1, -1],
]);
/** The root of 0 has an infinite slope: rows with an entry of exactly 0.5 have no gradient in x. */
const classifier: Classifier = ({ x, y }) =>
  tf.tidy(() => tf.matMul(tf.add(tf.sqrt(tf.abs(tf.sub(x!, 0.5))), y!), weights));
const x = tf.tensor2d([
  [0.1, 0.9],
  [0.5, 0.2],
  [0.3, 0.6],
  [0.9, 0.5],
]);
const y = tf.tensor2d([
  [1, 0],
  [0, 1],
  [1, 1],
  [0.2, 0.1],
]);
const inputs = { x, y };
const labels = tf.tidy(() => tf.argMax(classifier(inputs), 1)) as tf.Tensor1D;
const budgets: ThreatModel = { x: { norm: 'l2', epsilon: 0.05 }, y: { norm: 'l2', epsilon: 0.1 } };

const attacks: [string, (own: ThreatModel) => Attack][] = [
  ['fgsm', fgsm],
  ['pgd', (own) => pgd(own, { steps: 5 })],
  ['pgd with restarts', (own) => pgd(own, { steps: 5, restarts: 2, randomStart: true })],
  ['mifgsm', (own) => mifgsm(own, { steps: 5 })],
  ['alternating', (own) => alternating(own, { steps: 6 })],
  ['apgd', (own) => apgd(own, { steps: 5, randomStart: false })],
  ['cw', (own) => cw(own, { steps: 5, binarySearchSteps: 2 })],
  ['deepfool', (own) => deepfool(own, { steps: 5 })],
  ['fab', (own) => fab(own, { steps: 4 })],
  ['autoAttack', (own) => autoAttack(own, { attacks: { pgd: (model) => pgd(model, { steps: 5 }) } })],
  ['worstCase', (own) => worstCase({ both: own }, { attack: (model) => pgd(model, { steps: 5 }) })],
];

describe.each(attacks)('a gradient that is not finite in %s', (name, make) => {
  const random = name.includes('restarts');

  it.skipIf(random)('is an error that names the samples, the modality and the step, at once', async () => {
    let steps = 0;
    const before = tf.memory().numTensors;
    const failure = make(budgets)
      .perturb(classifier, inputs, labels, { onStep: () => steps++ })
      .catch((error: unknown) => error);
    const error = (await failure) as GradientError;
    expect(error).toBeInstanceOf(GradientError);
    expect(error.message).toMatch(/gradient of 'x': got NaN or infinite entries in sample 1, 3 of the batch/);
    expect(error.failure).toMatchObject({ rows: [1, 3], modalities: ['x'], step: 1, restart: 1 });
    expect(steps).toBeLessThanOrEqual(3);
    expect(tf.memory().numTensors).toBe(before);
  });

  it.skipIf(random)(
    "leaves these samples clean with onNonFinite: 'skip', and attacks the others as if they were alone",
    async () => {
      const skipped: [number[], string, number][] = [];
      const before = tf.memory().numTensors;
      const result = await make(budgets).perturb(classifier, inputs, labels, {
        onNonFinite: 'skip',
        onSkipped: (...seen) => skipped.push(seen),
        seed: 3,
      });
      expect(tf.memory().numTensors - before).toBe(2);
      expect(skipped).toEqual([[[1, 3], 'x', 1]]);
      const order = tf.tensor1d([0, 2], 'int32');
      const part = { x: tf.gather(x, order), y: tf.gather(y, order) };
      const alone = await make(budgets).perturb(classifier, part, tf.gather(labels, order), {
        seed: 3,
        rows: [0, 2],
      });
      for (const modality of ['x', 'y'] as const) {
        expect(values(tf.gather(result[modality]!, [1, 3]))).toEqual(
          values(tf.gather(inputs[modality], [1, 3])),
        );
        const others = values(tf.gather(result[modality]!, order));
        for (const [i, value] of values(alone[modality]!).entries()) expect(others[i]).toBeCloseTo(value, 5);
      }
    },
  );

  it('is ignored where the modality is not attacked', async () => {
    const own = { y: budgets.y } as ThreatModel;
    const result = await make(own).perturb(classifier, inputs, labels, { seed: 1 });
    expect(values(result.x!)).toEqual(values(x));
  });
});

it('is noticed within a few steps of a long attack, in the step that it comes up in', async () => {
  // Row 1 reaches the root's kink in its third step of 0.1.
  const start = { x: tf.tensor1d([0.9, 0.3]) };
  const kinked: Classifier = ({ x }) =>
    tf.tidy(() => tf.stack([tf.sqrt(tf.relu(x!)), tf.fill(x!.shape, 0.5)], 1));
  let steps = 0;
  const attack = pgd({ x: { norm: 'linf', epsilon: 0.5, stepSize: 0.1, range: [0, 1] } }, { steps: 200 });
  const failure = attack.perturb(kinked, start, tf.tensor1d([0, 0], 'int32'), { onStep: () => steps++ });
  await expect(failure).rejects.toMatchObject({ failure: { rows: [1], modalities: ['x'], step: 4 } });
  expect(steps).toBeLessThanOrEqual(7);
});

it('refuses another word', async () => {
  await expect(
    fgsm(budgets).perturb(classifier, inputs, labels, { onNonFinite: 'ignore' as 'skip' }),
  ).rejects.toThrow(/perturb\.onNonFinite: got 'ignore'; expected one of throw, skip/);
});
