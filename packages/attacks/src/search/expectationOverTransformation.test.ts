import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { denseClassifier, normal, predictionsOf, values } from '@amr/testing/attacks/models';
import { describe, expect, it } from 'vitest';
import { fgsm, type Modalities, pgd, withPreprocessing } from '../index.js';

const rows = 24;
const x = normal([rows, 30], 1);
const certain = denseClassifier({ x }, 5, 2, 2);
const labels = predictionsOf(certain, { x });
const threat = { x: { norm: 'linf' as const, epsilon: 0.2 } };

/** A defence that multiplies inputs by noise so strong that one gradient says little; its own seeded generator. */
function noisy(seed: number) {
  let draw = seed * 1000;
  const noise = (input: tf.Tensor) => tf.mul(input, tf.add(1, normal(input.shape, ++draw, 4)));
  return withPreprocessing(certain, { x: noise }, { random: true });
}

/** Mean over 200 draws of the cross-entropy on the defended classifier: what an attack on it ought to raise. */
function expectedLoss(inputs: Modalities): number {
  const judge = noisy(99);
  const losses = Array.from({ length: 200 }, () =>
    tf.tidy(() =>
      values(tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(judge(inputs)), tf.oneHot(labels, 5)), 1)))),
    ),
  ).flat();
  return losses.reduce((a, b) => a + b) / losses.length;
}

describe('eotSamples', () => {
  it('raise the expected loss of a random classifier further than one draw: fgsm and pgd', async () => {
    const clean = expectedLoss({ x });
    const reach = async (make: (eotSamples: number) => ReturnType<typeof pgd>, eotSamples: number) =>
      expectedLoss(await make(eotSamples).perturb(noisy(1), { x }, labels)) - clean;
    for (const make of [
      (eotSamples: number) => fgsm(threat, { eotSamples }),
      (eotSamples: number) => pgd(threat, { steps: 4, eotSamples }),
    ]) {
      const [one, many] = [await reach(make, 1), await reach(make, 40)];
      expect(many).toBeGreaterThan(0);
      expect(many).toBeGreaterThan(1.3 * one);
    }
  });

  it('are that many calls of the classifier a step, and change nothing when it is not random', async () => {
    let calls = 0;
    const counted = (inputs: Modalities) => {
      calls++;
      return certain(inputs);
    };
    const one = await pgd(threat, { steps: 3 }).perturb(counted, { x }, labels);
    expect(calls).toBe(3);
    const five = await pgd(threat, { steps: 3, eotSamples: 5 }).perturb(counted, { x }, labels);
    expect(calls).toBe(3 + 15);
    expect(values(five.x!)).toEqual(values(one.x!));
    calls = 0;
    tf.dispose(await fgsm(threat, { eotSamples: 4 }).perturb(counted, { x }, labels));
    expect(calls).toBe(4);
  });

  it('leave nothing behind', async () => {
    const classifier = noisy(1);
    const before = tf.memory().numTensors;
    const result = await pgd(threat, { steps: 2, restarts: 2, eotSamples: 3 }).perturb(
      classifier,
      { x },
      labels,
    );
    expect(tf.memory().numTensors - before).toBe(1);
    tf.dispose(result);
  });
});
