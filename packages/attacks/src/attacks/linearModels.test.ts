import { dual, type LinearSetting, linearSetting } from '@amr/testing/attacks/linearSetting';
import { lengthOf, rowsOf } from '@amr/testing/attacks/models';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Attack, fgsm, jointBall, pgd } from '../index.js';

const seeds = fc.nat(10_000);
const epsilons = { a: 0.3, b: 0.7 };
const check = (property: (given: LinearSetting) => Promise<void>, numRuns = 5) =>
  fc.assert(
    fc.asyncProperty(seeds, (seed) => property(linearSetting(seed))),
    { numRuns },
  );
const rise = async ({ classifier, inputs, labels, margins }: LinearSetting, attack: Attack) => {
  const before = margins(inputs);
  const after = margins(await attack.perturb(classifier, inputs, labels, { seed: 1 }));
  return after.map((margin, row) => margin - before[row]!);
};

describe('on linear models the worst case is reached', () => {
  const losses = ['cross-entropy', 'cw'] as const;

  it.each(['linf', 'l2', 'l1'] as const)('in one ball: %s', (norm) =>
    check(async (given) => {
      const threat = { a: { norm, epsilon: epsilons.a } };
      for (const attack of [
        fgsm(threat),
        pgd(threat),
        // From a random point, 2.5 radii are not enough to turn all the way round the l2 ball.
        pgd({ a: { ...threat.a, stepSize: epsilons.a / 2 } }, { restarts: 2, steps: 30 }),
        pgd(threat, { momentum: 0.5, loss: losses[1] }),
      ]) {
        for (const [row, got] of (await rise(given, attack)).entries()) {
          expect(got).toBeCloseTo(epsilons.a * lengthOf(dual[norm], given.slope('a', row)), 3);
        }
      }
    }),
  );

  it.each([
    ['linf', 'l2'],
    ['l2', 'l1'],
    ['l1', 'linf'],
  ] as const)('in two balls at once: %s and %s', (a, b) =>
    check(async (given) => {
      const threat = { a: { norm: a, epsilon: epsilons.a }, b: { norm: b, epsilon: epsilons.b } };
      for (const attack of [fgsm(threat), pgd(threat)]) {
        for (const [row, got] of (await rise(given, attack)).entries()) {
          const best =
            epsilons.a * lengthOf(dual[a], given.slope('a', row)) +
            epsilons.b * lengthOf(dual[b], given.slope('b', row));
          expect(got).toBeCloseTo(best, 4);
        }
      }
    }),
  );

  it.each(['linf', 'l2'] as const)('in a joint ball, with scales: %s', (norm) =>
    check(async (given) => {
      const scales = { a: 1 / 4, b: 2 };
      const threat = jointBall(norm, 0.6, { a: { scale: scales.a }, b: { scale: scales.b } });
      const longSteps = jointBall(norm, 0.6, {
        a: { scale: scales.a, stepSize: 0.3 },
        b: { scale: scales.b, stepSize: 0.3 },
      });
      for (const attack of [fgsm(threat), pgd(threat), pgd(longSteps, { randomStart: true, steps: 30 })]) {
        for (const [row, got] of (await rise(given, attack)).entries()) {
          const scaled = (['a', 'b'] as const).flatMap((name) =>
            given.slope(name, row).map((w) => w * scales[name]),
          );
          expect(got).toBeCloseTo(0.6 * lengthOf(dual[norm], scaled), 3);
        }
      }
    }),
  );

  it('in a joint ball with a step size for each modality', () =>
    check(async (given) => {
      const threat = jointBall('l2', 0.6, { a: { stepSize: 0.1 }, b: { stepSize: 0.04, scale: 1 / 2 } });
      for (const [row, got] of (await rise(given, pgd(threat, { steps: 100 }))).entries()) {
        const scaled = [...given.slope('a', row), ...given.slope('b', row).map((w) => w / 2)];
        const best = 0.6 * lengthOf('l2', scaled);
        // Unequal steps turn the way a little; they end near the best point.
        expect(got).toBeGreaterThan(0.9 * best);
        expect(got).toBeLessThan(1.00001 * best);
      }
    }));

  it('in ball and range together: linf exactly, l1 by filling the best entries', () =>
    check(async (given) => {
      const { inputs, slope } = given;
      const range: [number, number] = [0, 1];
      const room = (row: number) =>
        rowsOf(inputs.a!)[row]!.map((x, i) => (slope('a', row)[i]! > 0 ? 1 - x : x));

      const linf = await rise(given, pgd({ a: { norm: 'linf', epsilon: 0.3, range } }));
      for (const [row, got] of linf.entries()) {
        const best = slope('a', row).reduce(
          (sum, w, i) => sum + Math.abs(w) * Math.min(0.3, room(row)[i]!),
          0,
        );
        expect(got).toBeCloseTo(best, 4);
      }

      const l1 = await rise(given, pgd({ a: { norm: 'l1', epsilon: 1.5, range } }, { steps: 100 }));
      for (const [row, got] of l1.entries()) {
        const byWorth = slope('a', row)
          .map((w, i) => ({ w: Math.abs(w), room: room(row)[i]! }))
          .sort((one, two) => two.w - one.w);
        let left = 1.5;
        let best = 0;
        for (const entry of byWorth) {
          const used = Math.min(left, entry.room);
          best += used * entry.w;
          left -= used;
        }
        expect(got).toBeGreaterThan(0.97 * best);
        expect(got).toBeLessThan(1.0001 * best);
      }
    }));
});
