import { normal, rowsOf, uniform, values } from '@amr/testing/attacks/models';
import { smallestSize } from '@amr/testing/attacks/smallestStep';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type Ball, ballsAround, disposeBalls } from '../../threatModel/ball.js';
import { relativeSize } from '../../threatModel/perturbation.js';
import type { NormName, ThreatModel } from '../../threatModel/threatModel.js';
import { stepTo } from './boundary.js';

const norms = ['linf', 'l2', 'l1'] as const;
const made: Ball[][] = [];
afterEach(() => {
  for (const balls of made.splice(0)) disposeBalls(balls);
});

/** Two balls in a box, or one; a linear function on them, and how much it shall rise, as a share of what the box allows. */
const cases = fc
  .record({
    one: fc.constantFrom(...norms),
    other: fc.option(fc.constantFrom(...norms)),
    sizes: fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 9 })),
    units: fc.tuple(fc.constantFrom(0.03, 2, 300), fc.constantFrom(0.03, 1)),
    // Slopes as small as a saturated network's.
    steepness: fc.constantFrom(1e-25, 1, 1e4),
    seed: fc.nat(10_000),
  })
  .map(({ one, other, sizes, units, steepness, seed }) => {
    const rows = 5;
    const norm: NormName[] = other ? [one, other] : [one];
    // Near the ends of the range, where the box cuts most of the balls off; every fifth entry or so at an end.
    const inputs = Object.fromEntries(
      norm.map((_, b) => {
        const x = tf.sigmoid(tf.mul(normal([rows, sizes[b]!], seed + b), 4));
        return [`x${b}`, tf.where(tf.less(uniform(x.shape, seed + 9 + b), 0.2), tf.round(x), x)];
      }),
    );
    const threat: ThreatModel = Object.fromEntries(
      norm.map((name, b) => [`x${b}`, { norm: name, epsilon: units[b]!, range: [0, 1] as [number, number] }]),
    );
    const balls = ballsAround(inputs, threat, {}, { stepLength: 1, useBudgetStepSize: true });
    made.push(balls);
    const slopes = norm.map(
      (_, b) => tf.mul(normal([rows, sizes[b]!], seed + 4 + b), steepness) as tf.Tensor2D,
    );
    const most = tf.addN(
      slopes.map((slope, b) => {
        const { lower, upper } = balls[b]!.bounds!;
        return tf.sum(tf.maximum(tf.mul(slope, upper), tf.mul(slope, lower)), 1, true);
      }),
    );
    const rise = tf.mul(most, tf.tensor2d([[0.001], [0.2], [0.6], [0.97], [1.5]])) as tf.Tensor2D;
    return { norm, units, balls, slopes, most, rise };
  });
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

const risen = ({ slopes }: Case, steps: tf.Tensor2D[]) =>
  values(tf.addN(slopes.map((slope, b) => tf.sum(tf.mul(slope, steps[b]!), 1))));

describe('the smallest step to a boundary', () => {
  it('within the box is as long as a search in double precision finds, and gets there', () =>
    fc.assert(
      fc.property(cases, (given) => {
        const { norm, units, balls, slopes, most, rise } = given;
        const from = balls.map(({ rows, size }) => tf.zeros([rows, size]) as tf.Tensor2D);
        const steps = stepTo(balls, slopes, rise, from);
        const sizes = values(relativeSize(balls, steps));
        const reached = risen(given, steps);
        for (let row = 0; row < sizes.length; row++) {
          const wanted = Math.min(values(rise)[row]!, values(most)[row]!);
          const linear = norm.map((name, b) => {
            const slope = rowsOf(slopes[b]!)[row]!;
            const ends = {
              up: rowsOf(balls[b]!.bounds!.upper)[row]!,
              down: rowsOf(balls[b]!.bounds!.lower)[row]!,
            };
            return {
              norm: name,
              unit: units[b]!,
              slopes: slope,
              slacks: slope.map((w, i) => (w > 0 ? ends.up[i]! : -ends.down[i]!)),
            };
          });
          // The last row asks for more than there is: then all is used that helps.
          const best = smallestSize(linear, Math.min(wanted, reached[row]!) * (1 - 1e-6));
          const rounding = 2e-5 * values(most)[row]!;
          // Newton's method is not quite there when nearly all of the box is needed.
          const short = row > 2 ? 1e-2 * values(most)[row]! : rounding;
          expect(reached[row]!).toBeGreaterThanOrEqual(wanted - short);
          // Steps are at least 1e-5 units.
          if (best < 1e-5) continue;
          expect(reached[row]!).toBeLessThanOrEqual(wanted + rounding);
          // Near the box's corner the size hangs on the last digits of the rise.
          if (row < 3) expect(sizes[row]!).toBeLessThan(best * 1.001);
          if (row < 4) expect(sizes[row]!).toBeGreaterThan(best * 0.999);
        }
        for (const [b, step] of steps.entries()) {
          const { lower, upper } = balls[b]!.bounds!;
          // A division by the unit and a product with it may round.
          const beyond = tf.max(tf.maximum(tf.sub(step, upper), tf.sub(lower, step)));
          expect(values(beyond)[0]).toBeLessThan(2e-7);
        }
      }),
      { numRuns: 40 },
    ));

  it('without a box is |rise| / sum of unit |slope|_*, up or down', () =>
    fc.assert(
      fc.property(cases, (given) => {
        const { norm, units, balls, slopes, rise } = given;
        const signed = tf.mul(rise, tf.tensor2d([[1], [-1], [1], [-1], [1]])) as tf.Tensor2D;
        const steps = stepTo(balls, slopes, signed);
        const dual = { linf: 'l1', l2: 'l2', l1: 'linf' } as const;
        for (const [row, size] of values(relativeSize(balls, steps)).entries()) {
          const steepness = norm.reduce((sum, name, b) => {
            const slope = rowsOf(slopes[b]!)[row]!;
            return sum + units[b]! * lengthIn(dual[name], slope);
          }, 0);
          const wanted = Math.abs(values(rise)[row]!) / steepness;
          if (wanted > 1e-5) expect(size / wanted).toBeCloseTo(1, 4);
          else expect(size).toBeCloseTo(1e-5, 8);
          if (wanted > 1e-5) expect(risen(given, steps)[row]! / values(signed)[row]!).toBeCloseTo(1, 4);
        }
      }),
      { numRuns: 20 },
    ));

  it('moves nothing where the function is flat, or the ball a point', () => {
    const inputs = { a: tf.fill([2, 3], 0.5) };
    const balls = ballsAround(
      inputs,
      { a: { norm: 'l2', epsilon: tf.tensor1d([1, 0]), range: [0, 1] } },
      {},
      { stepLength: 1, useBudgetStepSize: true },
    );
    made.push(balls);
    const slopes = [
      tf.tensor2d([
        [0, 0, 0],
        [1, 2, 3],
      ]),
    ];
    const rise = tf.tensor2d([[1], [1]]);
    for (const from of [undefined, [tf.zeros([2, 3]) as tf.Tensor2D]]) {
      expect(values(stepTo(balls, slopes, rise, from)[0]!)).toEqual([0, 0, 0, 0, 0, 0]);
    }
  });
});

function lengthIn(norm: NormName, vector: readonly number[]): number {
  const sizes = vector.map(Math.abs);
  if (norm === 'l2') return Math.hypot(...sizes);
  return norm === 'linf' ? Math.max(...sizes) : sizes.reduce((a, b) => a + b, 0);
}
