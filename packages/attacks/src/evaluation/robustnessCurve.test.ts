import { denseClassifier, predictionsOf, uniform, values } from '@amr/testing/attacks/models';
import { expectCleanFailure } from '@amr/testing/tensors/leaks';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  type Attack,
  type AttackFactory,
  fgsm,
  type Modalities,
  minimalEpsilon,
  pgd,
  type RobustnessCurveOptions,
  type RobustnessCurveProgress,
  robustnessCurve,
  type ThreatModel,
} from '../index.js';

/** The sum of both inputs against 1; the last sample is misclassified already. */
const inputs = { rgb: tf.tensor1d([1, 1, 1, 1, 0]), skeleton: tf.tensor1d([0.1, 0.4, 0.6, 5, 0.5]) };
const labels = tf.zeros([5], 'int32') as tf.Tensor1D;
const classifier = ({ rgb, skeleton }: Modalities) =>
  tf.tidy(() => {
    const sum = tf.add(rgb!, skeleton!);
    return tf.stack([sum, tf.onesLike(sum)], 1) as tf.Tensor2D;
  });
const threatModel: ThreatModel = {
  rgb: { norm: 'linf', epsilon: 0.2 },
  skeleton: { norm: 'linf', epsilon: 0.5, stepSize: 0.25 },
};
const byFgsm = (threat: ThreatModel) => fgsm(threat);
const curve = (options: Partial<RobustnessCurveOptions>, attack: AttackFactory = byFgsm) =>
  robustnessCurve(classifier, inputs, labels, { threatModel, attack, ...options });

describe('robustnessCurve', () => {
  it('falls at the margins, with all budgets scaled or one of them fixed', async () => {
    const before = tf.memory().numTensors;
    // The budgets add up to 0, 0.07, 0.35, 0.7, 1.4; the margins are 0.1, 0.4, 0.6, 5.
    expect(await curve({ scales: [2, 0, 0.5, 0.1, 1, 1] })).toEqual({
      scales: [0, 0.1, 0.5, 1, 2],
      accuracy: [0.8, 0.8, 0.6, 0.2, 0.2],
      fooled: [
        [false, false, false, false, true],
        [false, false, false, false, true],
        [true, false, false, false, true],
        [true, true, true, false, true],
        [true, true, true, false, true],
      ],
    });
    // The skeleton's budget is 0.5, the video's 0, 0.06, 0.12.
    const fixed = await curve({ scales: [0, 0.3, 0.6], fixed: ['skeleton'] });
    expect(fixed.accuracy).toEqual([0.4, 0.4, 0.2]);
    // The video's budget is 0.2, the skeleton's 0, 0.15, 0.5.
    expect((await curve({ scales: [0, 0.3, 1], fixed: ['rgb'] })).accuracy).toEqual([0.6, 0.6, 0.2]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('does not attack a sample again once it is fooled, and scales steps too', async () => {
    const attacked: unknown[] = [];
    const watched = (threat: ThreatModel): Attack => {
      const inner = pgd(threat, { steps: 4 });
      return {
        ...inner,
        perturb: (model, x, y, options) => {
          attacked.push([threat, y.shape[0], options?.rows]);
          return inner.perturb(model, x, y, options);
        },
      };
    };
    const progress: RobustnessCurveProgress[] = [];
    const options = {
      scales: [0, 0.5, 1],
      rows: [10, 11, 12, 13, 14],
      onProgress: (at: RobustnessCurveProgress) => void progress.push(at),
    };
    await curve(options, watched);
    const at = (scale: number) => ({
      rgb: { norm: 'linf', epsilon: 0.2 * scale },
      skeleton: { norm: 'linf', epsilon: 0.5 * scale, stepSize: 0.25 * scale },
    });
    expect(attacked).toEqual([
      [at(0.5), 4, [10, 11, 12, 13]],
      [at(1), 3, [11, 12, 13]],
    ]);
    const elapsed = expect.any(Number);
    expect(progress).toEqual([
      { done: 1, total: 3, elapsed, remaining: expect.any(Number), scale: 0, accuracy: 0.8 },
      { done: 2, total: 3, elapsed, remaining: expect.any(Number), scale: 0.5, accuracy: 0.6 },
      { done: 3, total: 3, elapsed, remaining: 0, scale: 1, accuracy: 0.2 },
    ]);
  });

  it('agrees with the smallest scale that minimalEpsilon finds', async () => {
    const clean = { x: uniform([8, 5], 1) };
    const network = denseClassifier(clean, 4, 7, 4);
    const right = predictionsOf(network, clean);
    const threat: ThreatModel = { x: { norm: 'linf', epsilon: 0.1, range: [0, 1] } };
    const attack = (own: ThreatModel) => pgd(own, { steps: 10 });
    const scales = [0.5, 1, 2, 4];
    const options = { threatModel: threat, attack };
    const { fooled } = await robustnessCurve(network, clean, right, { ...options, scales });
    const { scale } = await minimalEpsilon(network, clean, right, { ...options, start: 0.5, maxScale: 4 });
    for (const [i, at] of scales.entries()) {
      expect(fooled[i]).toEqual(values(scale).map((smallest) => smallest <= at));
    }
    expect(new Set(fooled.map((flags) => flags.filter(Boolean).length)).size).toBeGreaterThan(2);
  });

  it('counts samples whose target is predicted', async () => {
    const targets = tf.ones([5], 'int32') as tf.Tensor1D;
    expect((await curve({ targets, scales: [0, 0.5] })).accuracy).toEqual([0.8, 0.6]);
    await expect(curve({ targets: labels, scales: [0] })).rejects.toThrow(/targets: got the label itself/);
  });

  it('leaks nothing when it fails or is stopped', async () => {
    const stop = new AbortController();
    await expectCleanFailure(
      () => curve({ signal: stop.signal, onProgress: () => stop.abort(new Error('stopped')) }),
      /stopped/,
    );
    const broken = (threat: ThreatModel): Attack => ({
      ...fgsm(threat),
      perturb: async () => {
        throw new Error('in the attack');
      },
    });
    await expectCleanFailure(() => curve({}, broken), /in the attack/);
  });

  it.each<[string, Partial<RobustnessCurveOptions>, RegExp]>([
    ['no scale', { scales: [] }, /^robustnessCurve\.scales: got \[\]/],
    ['a negative scale', { scales: [1, -1] }, /^robustnessCurve\.scales\[1\]: got -1/],
    ['all modalities fixed', { fixed: ['rgb', 'skeleton'] }, /^robustnessCurve\.fixed: got/],
    [
      'an unknown option',
      { scale: [1] } as never,
      /^robustnessCurve\.scale: .*; expected scales\. Rename it\.$/,
    ],
  ])('refuses %s', async (_, options, message) => {
    await expectCleanFailure(() => curve(options), message);
  });
});
