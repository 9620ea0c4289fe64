import { dual, type LinearSetting, linearSetting } from '@amr/testing/attacks/linearSetting';
import {
  denseClassifier,
  lengthOf,
  predictionsOf,
  rowsOf,
  uniform,
  values,
} from '@amr/testing/attacks/models';
import { expectCleanFailure } from '@amr/testing/tensors/leaks';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Attack,
  type AttackFactory,
  type Budget,
  fgsm,
  jointBall,
  type MinimalEpsilonOptions,
  type MinimalEpsilonProgress,
  minimalEpsilon,
  type NormName,
  pgd,
  type ThreatModel,
} from '../index.js';

const byFgsm = (threat: ThreatModel) => fgsm(threat);
/** Linear models whose labels are the predictions, and the gap by which each sample's class leads. */
const linear = (property: (given: LinearSetting, labels: tf.Tensor1D, gaps: number[]) => Promise<void>) =>
  fc.assert(
    fc.asyncProperty(fc.nat(10_000), (seed) => {
      const given = linearSetting(seed);
      const labels = predictionsOf(given.classifier, given.inputs);
      return property(given, labels, given.margins(given.inputs).map(Math.abs));
    }),
    { numRuns: 4 },
  );
/** Above the true scale by no more than the resolution, up to rounding of logits of size 10. */
const expectScale = (found: number, exact: number, resolution: number) => {
  if (exact > 16 * (1 - 1e-4)) return expect(found > 15.9).toBe(true);
  expect(found).toBeGreaterThanOrEqual(exact * (1 - 1e-4) - 1e-5);
  expect(found).toBeLessThanOrEqual(exact * (1 + 1e-4) + 1e-5 + resolution * Math.max(1, exact));
};

describe('minimalEpsilon on linear models is the gap by the dual norm', () => {
  it.each(['linf', 'l2', 'l1'] as const)('in %s', (norm) =>
    linear(async ({ classifier, inputs, slope }, labels, gaps) => {
      const threat: ThreatModel = { a: { norm, epsilon: 0.2 } };
      for (const attack of [byFgsm, (own: ThreatModel) => pgd(own, { steps: 5 })]) {
        const { scale, epsilon } = await minimalEpsilon(classifier, inputs, labels, {
          threatModel: threat,
          attack,
          steps: 8,
        });
        for (const [row, gap] of gaps.entries()) {
          const found = values(scale)[row]!;
          expectScale(found, gap / (0.2 * lengthOf(dual[norm], slope('a', row))), 2 ** -8);
          if (found < Infinity) expect(values(epsilon.a!)[row]).toBeCloseTo(0.2 * found, 5);
        }
      }
    }),
  );

  it.each<[NormName, NormName]>([
    ['linf', 'l2'],
    ['l2', 'l1'],
    ['l1', 'linf'],
  ])('for two modalities that are scaled together, %s and %s, and with one of them fixed', (a, b) =>
    linear(async ({ classifier, inputs, slope }, labels, gaps) => {
      const threat = { a: { norm: a, epsilon: 0.05 }, b: { norm: b, epsilon: 0.1 } };
      const worth = (row: number) => ({
        a: 0.05 * lengthOf(dual[a], slope('a', row)),
        b: 0.1 * lengthOf(dual[b], slope('b', row)),
      });
      const options = { threatModel: threat, attack: byFgsm, steps: 8 };
      const together = await minimalEpsilon(classifier, inputs, labels, options);
      const fixed = await minimalEpsilon(classifier, inputs, labels, { ...options, fixed: ['a'] });
      for (const [row, gap] of gaps.entries()) {
        const w = worth(row);
        expectScale(values(together.scale)[row]!, gap / (w.a + w.b), 2 ** -8);
        expectScale(values(fixed.scale)[row]!, Math.max(0, gap - w.a) / w.b, 2 ** -8);
        expect(values(fixed.epsilon.a!)[row]).toBeCloseTo(0.05, 6);
      }
    }),
  );

  it('in a joint ball, and for a vector of epsilons', () =>
    linear(async ({ classifier, inputs, slope }, labels, gaps) => {
      const radii = [0.1, 0.2, 0.3];
      const threat = jointBall('l2', tf.tensor1d(radii), { a: {}, b: { scale: 1 / 2 } });
      const { scale, epsilon } = await minimalEpsilon(classifier, inputs, labels, {
        threatModel: threat,
        attack: byFgsm,
        steps: 8,
      });
      for (const [row, gap] of gaps.entries()) {
        const worth = lengthOf('l2', [...slope('a', row), ...slope('b', row).map((w) => w / 2)]);
        const found = values(scale)[row]!;
        expectScale(found, gap / (radii[row]! * worth), 2 ** -8);
        if (found === Infinity) continue;
        expect(values(epsilon.a!)[row]).toBeCloseTo(found * radii[row]!, 5);
        expect(values(epsilon.b!)[row]).toBe(values(epsilon.a!)[row]);
      }
    }));
});

describe('minimalEpsilon', () => {
  /** Sample i is fooled as soon as x is lowered by `gaps[i]`; x may not fall below 0. */
  const gaps = [-1, 0.07, 0.31, 0.9, 2];
  const inputs = { x: tf.tensor1d([1, 1, 1, 1, 1]), bar: tf.tensor1d(gaps.map((gap) => 1 - gap)) };
  const classifier = ({ x, bar }: { [name: string]: tf.Tensor }) =>
    tf.tidy(() => tf.stack([x!, bar!], 1) as tf.Tensor2D);
  const labels = tf.zeros([5], 'int32') as tf.Tensor1D;
  const budget: Budget = { norm: 'linf', epsilon: 0.1, range: [0, 1] };
  const find = (
    options: Partial<MinimalEpsilonOptions> = {},
    attack: AttackFactory = byFgsm,
    threatModel: ThreatModel = { x: budget },
  ) => minimalEpsilon(classifier, inputs, labels, { threatModel, attack, ...options });

  it('doubles the scale, then halves the interval, for each sample by itself', async () => {
    const attacked: number[][] = [];
    const watched = (threat: ThreatModel): Attack => {
      const inner = fgsm(threat);
      return {
        ...inner,
        perturb: (model, x, y, options) => {
          const { epsilon } = (threat as { x: Budget }).x;
          attacked.push(values(epsilon as tf.Tensor1D).map((value) => Number((value / 0.1).toFixed(4))));
          return inner.perturb(model, x, y, options);
        },
      };
    };
    const progress: MinimalEpsilonProgress[] = [];
    const before = tf.memory().numTensors;
    const found = await find({ steps: 2, onProgress: (at) => void progress.push(at) }, watched);
    expect(attacked).toEqual([
      // Doubling; the first sample is misclassified already.
      [1, 1, 1, 1],
      [2, 2, 2],
      [4, 4, 4],
      [8, 8],
      [16, 16],
      // Bisection of 0 to 1, 2 to 4, 8 to 16; the last sample is out of reach.
      [0.5, 3, 12],
      [0.75, 3.5, 10],
    ]);
    expect(values(found.scale)).toEqual([0, 0.75, 3.5, 10, Infinity]);
    const x = values(found.adversarial.x!);
    expect([x[0], x[4]]).toEqual([1, 1]);
    expect(x[1]).toBeCloseTo(1 - 0.075, 6);
    expect(x[3]).toBeCloseTo(0, 6);
    expect(values(found.epsilon.x!)[1]).toBeCloseTo(0.075, 6);
    expect(values(found.epsilon.x!)[4]).toBe(Infinity);
    expect(progress.map(({ attacked }) => attacked)).toEqual([4, 3, 3, 2, 2, 3, 3]);
    expect(progress.map(({ done }) => done)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(progress.at(-1)).toEqual({
      done: 7,
      total: 7,
      elapsed: expect.any(Number),
      remaining: 0,
      attacked: 3,
    });
    tf.dispose([found.scale, found.epsilon, found.adversarial]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('returns points that fool the classifier inside the balls of their scale', async () => {
    const shape = [6, 2, 3];
    const clean = { a: uniform(shape, 1), b: uniform([6, 4], 2, [-1, 1]) };
    const network = denseClassifier(clean, 4, 3, 5);
    const right = predictionsOf(network, clean);
    const threat: ThreatModel = {
      a: { norm: 'linf', epsilon: 0.02, range: [0, 1] },
      b: { norm: 'l2', epsilon: 0.1 },
    };
    const attack = (own: ThreatModel) => pgd(own, { steps: 4, restarts: 2 });
    const options = { threatModel: threat, attack, steps: 4, maxScale: 64, seed: 2 };
    const run = () => minimalEpsilon(network, clean, right, options);
    const { scale, epsilon, adversarial } = await run();
    const predicted = values(predictionsOf(network, adversarial));
    for (const row of predicted.keys()) {
      const size = (name: 'a' | 'b', norm: NormName) =>
        lengthOf(
          norm,
          rowsOf(adversarial[name]!)[row]!.map((value, i) => value - rowsOf(clean[name]!)[row]![i]!),
        );
      const found = values(scale)[row]!;
      expect(predicted[row] !== values(right)[row]).toBe(found < Infinity);
      if (found === Infinity) continue;
      expect(size('a', 'linf')).toBeLessThanOrEqual(values(epsilon.a!)[row]! * (1 + 1e-5) + 1e-6);
      expect(size('b', 'l2')).toBeLessThanOrEqual(values(epsilon.b!)[row]! * (1 + 1e-5) + 1e-6);
    }
    expect(values(scale).filter((found) => found < Infinity).length).toBeGreaterThan(3);

    // The same seed gives the same result, and a sample alone the same as in the batch.
    expect(values((await run()).scale)).toEqual(values(scale));
    const row = { a: tf.slice(clean.a, 3, 1), b: tf.slice(clean.b, 3, 1) };
    const alone = await minimalEpsilon(network, row, tf.slice1d(right, 3, 1), { ...options, rows: [3] });
    expect(values(alone.scale)[0]).toBeCloseTo(values(scale)[3]!, 4);
  });

  it('measures the distance to targets', async () => {
    const targets = tf.ones([5], 'int32') as tf.Tensor1D;
    const { scale } = await find({ targets, steps: 1 });
    expect(values(scale).map((value) => value < Infinity)).toEqual([true, true, true, true, false]);
    await expect(find({ targets: labels, steps: 1 })).rejects.toThrow(
      /targets: got the label itself in sample 0, 1, 2, 3, 4 of the batch/,
    );
  });

  it('respects start and maxScale', async () => {
    const { scale } = await find({ start: 0.25, maxScale: 5, steps: 1 });
    expect(values(scale)[1]).toBe(0.75);
    expect(values(scale)[3]).toBe(Infinity);
    expect(values((await find({ maxScale: 0.5 })).scale)[1]).toBe(Infinity);
    expect(values((await find({}, byFgsm, { x: { ...budget, epsilon: 0 } })).epsilon.x!)).toEqual([
      0,
      ...Array(4).fill(Infinity),
    ]);
  });

  it('leaks nothing when it fails or is stopped', async () => {
    const failingAt = (call: number) => {
      let calls = 0;
      return (threat: ThreatModel): Attack => {
        const inner = fgsm(threat);
        return {
          ...inner,
          perturb: (...given) => {
            if (++calls === call) throw new Error('in the attack');
            return inner.perturb(...given);
          },
        };
      };
    };
    for (const call of [1, 3, 6]) await expectCleanFailure(() => find({}, failingAt(call)), /in the attack/);
    const stop = new AbortController();
    const stopAt = ({ done }: MinimalEpsilonProgress) => {
      if (done === 2) stop.abort(new Error('stopped'));
    };
    await expectCleanFailure(() => find({ signal: stop.signal, onProgress: stopAt }), /stopped/);
    await expectCleanFailure(
      () => find({ onProgress: () => Promise.reject(new Error('in the callback')) }),
      /in the callback/,
    );
  });

  it.each<[string, Partial<MinimalEpsilonOptions>, RegExp]>([
    [
      'a start of 0',
      { start: 0 },
      /^minimalEpsilon\.start: got 0; expected a finite number above 0 and no larger than maxScale, 16\.$/,
    ],
    [
      'a start above the largest scale',
      { start: 3, maxScale: 2 },
      /^minimalEpsilon\.start: got 3; .* no larger than maxScale, 2\.$/,
    ],
    ['an infinite scale', { maxScale: Infinity }, /^minimalEpsilon\.maxScale: got Infinity/],
    ['broken steps', { steps: 0.5 }, /^minimalEpsilon\.steps: got 0\.5/],
    ['a fixed modality without a budget', { fixed: ['bar'] }, /^minimalEpsilon\.fixed: got \['bar'\]; .*'x'/],
    ['nothing to scale', { fixed: ['x'] }, /^minimalEpsilon\.fixed: got \['x'\]; expected some, not all/],
    ['an unknown option', { scales: [1] } as never, /^minimalEpsilon\.scales: got an unknown option/],
    [
      'iterations',
      { iterations: 4 } as never,
      /^minimalEpsilon\.iterations: .*; expected steps\. Rename it\.$/,
    ],
    ['a broken seed', { seed: -1 }, /^perturb\.seed: got -1; expected a whole number from 0/],
  ])('refuses %s', async (_, options, message) => {
    await expectCleanFailure(() => find(options), message);
  });

  it('refuses a part of a joint ball', async () => {
    const threat = jointBall('l2', 1, { x: {}, bar: {} });
    await expectCleanFailure(
      () => find({ fixed: ['x'] }, byFgsm, threat),
      /^minimalEpsilon\.fixed: got \['x'\]; .* joint ball share one epsilon/,
    );
  });
});
