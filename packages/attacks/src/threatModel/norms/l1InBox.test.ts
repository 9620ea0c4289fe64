import { lengthOf, normal, rowsOf, uniform, values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { projectL1InBox } from './l1InBox.js';

/** The same in double precision, by 200 bisections of the threshold. */
function expected(d: number[], epsilon: number, lower: number[], upper: number[]): number[] {
  const at = (t: number) =>
    d.map((v, i) => Math.sign(v) * Math.min(Math.max(Math.abs(v) - t, 0), v > 0 ? upper[i]! : -lower[i]!));
  if (lengthOf('l1', at(0)) <= epsilon) return at(0);
  let [low, high] = [0, Math.max(...d.map(Math.abs))];
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (lengthOf('l1', at(middle)) > epsilon) low = middle;
    else high = middle;
  }
  return at(high);
}

it('is the nearest point in ball and box, in each row', () =>
  fc.assert(
    fc.property(
      fc.nat(10_000),
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom(0.01, 1, 10),
      fc.constantFrom(0, 0.05, 1, 20),
      (seed, size, spread, epsilon) => {
        tf.tidy(() => {
          const d = normal([3, size], seed, spread) as tf.Tensor2D;
          // A quarter of the sides is at 0, as it is for masked entries and those at the end of the range.
          const side = (n: number) => tf.relu(tf.sub(uniform([3, size], seed + n), 0.25)) as tf.Tensor2D;
          const [lower, upper] = [tf.neg(side(1)), side(2)];
          const got = projectL1InBox(d, tf.fill([3, 1], epsilon), { lower, upper });
          const [rows, lows, highs] = [rowsOf(d), rowsOf(lower), rowsOf(upper)];
          for (const [row, point] of rowsOf(got).entries()) {
            const nearest = expected(rows[row]!, epsilon, lows[row]!, highs[row]!);
            for (const [i, v] of point.entries()) {
              expect(Math.abs(v - nearest[i]!)).toBeLessThan(2e-6 * Math.max(spread, 1));
              expect(v >= lows[row]![i]! && v <= highs[row]![i]!).toBe(true);
            }
            expect(lengthOf('l1', point)).toBeLessThanOrEqual(epsilon * (1 + 1e-6));
          }
        });
      },
    ),
    { numRuns: 40 },
  ));

it.each([
  ['a step of a few entries beyond a sparse point', (d: tf.Tensor) => tf.mul(d, tf.greater(tf.abs(d), 2.5))],
  ['dense, many entries at the side of the box', (d: tf.Tensor) => tf.mul(d, 3)],
  ['over six orders of magnitude', (d: tf.Tensor) => tf.mul(tf.sign(d), tf.exp(tf.mul(d, 2)))],
])('uses all of epsilon on 20,000 entries: %s', (_, draw) =>
  tf.tidy(() => {
    const size = 20_000;
    const d = draw(normal([1, size], 5)) as tf.Tensor2D;
    const bounds = {
      lower: tf.fill<tf.Rank.R2>([1, size], -0.5),
      upper: uniform([1, size], 6) as tf.Tensor2D,
    };
    for (const epsilon of [0.1, 30]) {
      const got = projectL1InBox(d, tf.fill([1, 1], epsilon), bounds);
      const nearest = expected(values(d), epsilon, values(bounds.lower), values(bounds.upper));
      const apart = values(got).map((v, i) => Math.abs(v - nearest[i]!));
      // An entry minus the threshold has an error of up to the last digit of the entry.
      const largest = Math.max(...values(tf.abs(d)));
      expect(Math.max(...apart)).toBeLessThan(1e-5 * epsilon + 2e-7 * largest);
      expect(lengthOf('l1', values(got))).toBeGreaterThan(
        lengthOf('l1', nearest) * (1 - 1e-4) - 2e-7 * largest,
      );
    }
  }),
);

it('takes boxes with sides at infinity', () => {
  const bounds = { lower: tf.tensor2d([[-Infinity, -1]]), upper: tf.tensor2d([[Infinity, 1]]) };
  const got = projectL1InBox(tf.tensor2d([[-5, 3]]), tf.tensor2d([[4]]), bounds);
  // |-5| - t + min(3 - t, 1) = 4 at t = 2.
  expect(values(got)).toEqual([-3, 1]);
});
