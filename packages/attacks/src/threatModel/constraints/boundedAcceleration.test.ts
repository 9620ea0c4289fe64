import { describeConstraint } from '@amr/testing/attacks/constraints';
import { denseClassifier, normal, values } from '@amr/testing/attacks/models';
import { people, sparsePeople } from '@amr/testing/attacks/skeletons';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { pgd } from '../../attacks/pgd.js';
import { onlyPresent } from '../masks/onlyPresent.js';
import { type BoundedAccelerationOptions, boundedAcceleration } from './boundedAcceleration.js';

const bound = 0.004;
const rule = boundedAcceleration({ bound });

/** Lengths of second differences in double precision, `[frames - 2][joints]`, of one person `[1, 1, frames, joints, 3]`. */
const accelerationsOf = (x: tf.Tensor) => {
  const [, , frames, joints] = x.shape as [number, number, number, number];
  const all = Array.from(x.dataSync());
  const at = (frame: number, joint: number, i: number) => all[(frame * joints + joint) * 3 + i]!;
  return Array.from({ length: frames - 2 }, (_, t) =>
    Array.from({ length: joints }, (_, joint) =>
      Math.hypot(...[0, 1, 2].map((i) => at(t + 2, joint, i) - 2 * at(t + 1, joint, i) + at(t, joint, i))),
    ),
  );
};

describe('boundedAcceleration', () => {
  describeConstraint(rule, (seed) => sparsePeople(2, 2, 6, seed));

  it("bounds the change of each joint's acceleration, and uses the bound", () => {
    const clean = people(1, 1, 10, 1);
    const moved = rule.apply(tf.add(clean, normal(clean.shape, 2, 0.02)), clean);
    const changes = accelerationsOf(tf.sub(moved, clean)).flat();
    expect(Math.max(...changes)).toBeLessThan(bound + 2 ** -19 * 3.5);
    expect(changes.filter((change) => change > 0.9 * bound).length).toBeGreaterThan(changes.length / 3);
  });

  it('leaves perturbations within the bound exactly as they are: drifts and slow waves', () => {
    const clean = people(1, 1, 8, 3);
    const time = tf.reshape(tf.range(0, 8), [1, 1, 8, 1, 1]);
    const drift = tf.add(clean, tf.mul(time, [0.02, -0.01, 0]));
    expect(values(rule.apply(drift, clean))).toEqual(values(drift));
    const none = boundedAcceleration({ bound: 0 });
    expect(values(none.apply(drift, clean))).toEqual(values(drift));
    const wave = tf.add(clean, tf.mul(tf.sin(tf.mul(time, 0.4)), [0.02, 0, 0])); // accelerates by 0.0032
    expect(values(rule.apply(wave, clean))).toEqual(values(wave));
    expect(values(rule.holds!(wave, clean))).toEqual([1]);
    expect(values(none.holds!(wave, clean))).toEqual([0]);
  });

  it.each([
    [0.01, 1.3],
    [0.002, 1.05],
  ])(
    'is near to the nearest that obeys: for a bound of %d within %d times its squared distance',
    (b, most) => {
      // One jump of one coordinate. Of symmetric perturbations of 5 frames under a bound b, the nearest to (0, 0, h, 0, 0) is
      // found here by a fine search over (c, a, m): c - 2a + m, 2a - 2m at most b in size.
      const h = 0.02;
      const clean = tf.zeros([1, 1, 5, 1, 3]);
      const ones = tf.add(clean, 1); // all zero would be absent
      const jump = tf.tensor(
        [0, 0, h, 0, 0].flatMap((v) => [v, 0, 0]),
        [1, 1, 5, 1, 3],
      );
      let best = Infinity;
      const step = h / 200;
      for (let a = -h; a <= h; a += step) {
        for (let m = a - b / 2; m <= a + b / 2; m += step) {
          const c = Math.min(Math.max(0, 2 * a - m - b), 2 * a - m + b);
          best = Math.min(best, 2 * c * c + 2 * a * a + (m - h) ** 2);
        }
      }
      const near = boundedAcceleration({ bound: b }).apply(tf.add(ones, jump), ones);
      const distance = values(tf.sum(tf.square(tf.sub(tf.sub(near, ones), jump))))[0]!;
      expect(distance / best).toBeGreaterThan(0.99);
      expect(distance / best).toBeLessThan(most);
    },
  );

  it('allows a fraction of the clean acceleration', () => {
    const clean = people(1, 1, 6, 4);
    const relative = boundedAcceleration({ relative: 0.1 });
    const moved = relative.apply(tf.add(clean, normal(clean.shape, 5, 0.02)), clean);
    const own = accelerationsOf(clean).flat();
    for (const [i, change] of accelerationsOf(tf.sub(moved, clean)).flat().entries()) {
      expect(change).toBeLessThan(0.1 * own[i]! + 2 ** -19 * 3.5);
    }
  });

  it('bounds nothing on two frames, nor on frames around a gap', () => {
    const two = people(1, 1, 2, 6);
    const moved = tf.add(two, normal(two.shape, 7, 0.02));
    for (const [i, value] of values(rule.apply(moved, two)).entries()) {
      expect(value).toBeCloseTo(values(moved)[i]!, 6);
    }
    const there = tf.tensor([1, 1, 0, 1, 1], [1, 1, 5, 1, 1]);
    const gap = tf.mul(people(1, 1, 5, 8), there);
    const jumping = tf.mul(tf.add(gap, normal(gap.shape, 9, 0.02)), there);
    expect(values(rule.holds!(jumping, gap))).toEqual([1]);
    expect(values(tf.max(tf.abs(tf.sub(rule.apply(jumping, gap), jumping))))[0]).toBeLessThan(1e-6);
    const conjured = rule.apply(tf.add(gap, 0.01), gap);
    expect(values(onlyPresent()(conjured))).toEqual([1, 1, 0, 1, 1]);
  });

  it('holds in the result of PGD, which uses the ball and stays inside it', async () => {
    const clean = { skeleton: sparsePeople(2, 1, 8, 10) };
    const classifier = denseClassifier(clean, 3, 11, 20);
    const labels = tf.argMax(classifier(clean), 1) as tf.Tensor1D;
    const budget = { norm: 'linf' as const, epsilon: 0.02, mask: onlyPresent(), constraints: [rule] };
    const result = await pgd({ skeleton: budget }, { steps: 5 }).perturb(classifier, clean, labels);
    expect(values(rule.holds!(result.skeleton!, clean.skeleton))).toEqual([1, 1]);
    const sizes = tf.abs(tf.sub(result.skeleton!, clean.skeleton));
    expect(values(tf.max(sizes))[0]).toBeLessThan(0.02 + 1e-6);
    expect(values(tf.max(tf.slice(sizes, 1)))[0]).toBeGreaterThan(0.01);
  });

  it.each([
    [{}, /^boundedAcceleration: got an object with \[\]; expected an option bound, relative or both/],
    [{ bound: -1 }, /^boundedAcceleration\.bound: got -1; expected a finite number that is 0 or more/],
    [{ relative: Number.NaN }, /^boundedAcceleration\.relative: got NaN/],
    [{ bound: 1, limit: 2 }, /^boundedAcceleration\.limit: got an unknown option/],
    [
      { bound: 1, axes: { joint: 2 } },
      /^boundedAcceleration\.axes\.joint: .*; expected joints\. Rename it\.$/,
    ],
  ])('refuses %o', (options, message) => {
    expect(() => boundedAcceleration(options as BoundedAccelerationOptions)).toThrow(message);
  });
});
