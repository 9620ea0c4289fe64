import { describeConstraint } from '@amr/testing/attacks/constraints';
import { denseClassifier, normal, values } from '@amr/testing/attacks/models';
import { boneLengthsOf, kinect, people, sparsePeople } from '@amr/testing/attacks/skeletons';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { pgd } from '../../attacks/pgd.js';
import { ThreatModelError } from '../../errors.js';
import { ballsAround, disposeBalls } from '../ball.js';
import type { Constraint } from '../constraint.js';
import { onlyJoints } from '../masks/onlyJoints.js';
import { onlyPresent } from '../masks/onlyPresent.js';
import { project } from '../perturbation.js';
import { boneLengths } from './boneLengths.js';

const rule = boneLengths({ edges: kinect });

/** The largest change of a bone's length, in double precision. */
const largestChange = (x: tf.Tensor, clean: tf.Tensor, edges = kinect) => {
  const before = boneLengthsOf(clean, edges).flat();
  return Math.max(
    ...boneLengthsOf(x, edges)
      .flat()
      .map((v, i) => Math.abs(v - before[i]!)),
  );
};

/** The gain of PGD's steps along a fixed gradient, relative to epsilon |gradient|_1: 1 without the constraint. */
const shareKept = (constraints: Constraint[], epsilon: number) => {
  const clean = people(1, 1, 2, 1);
  const size = clean.size;
  const gradient = normal([1, size], 2) as tf.Tensor2D;
  const budget = { norm: 'linf' as const, epsilon, constraints };
  const balls = ballsAround(
    { skeleton: clean },
    { skeleton: budget },
    {},
    { stepLength: 0.125, useBudgetStepSize: false },
  );
  let delta = tf.zeros<tf.Rank.R2>([1, size]);
  for (let step = 0; step < 10; step++) {
    delta = tf.tidy(() => project(balls[0]!, tf.add(delta, tf.mul(tf.sign(gradient), epsilon / 8))));
  }
  const gain = tf.div(tf.sum(tf.mul(delta, gradient)), tf.mul(tf.sum(tf.abs(gradient)), epsilon));
  disposeBalls(balls);
  return values(gain)[0]!;
};

describe('boneLengths', () => {
  describeConstraint(rule, (seed) => sparsePeople(2, 2, 3, seed));

  it("moves a single bone's joint to the point of the sphere around its parent that is nearest to the wanted position", () => {
    const clean = tf.tensor([0, 0, 3, 0], [1, 1, 2, 2]);
    const wanted = tf.tensor([0, 0, 3, 4], [1, 1, 2, 2]);
    // The wanted position is (3, 4), at distance 5 from (0, 0); the bone has length 3, so the joint moves to (9/5, 12/5).
    const only = boneLengths({ edges: [[0, 1]], root: 0 });
    const [x, y, a, b] = values(only.apply(wanted, clean));
    expect([x, y]).toEqual([0, 0]);
    expect(a).toBeCloseTo(1.8, 5);
    expect(b).toBeCloseTo(2.4, 5);
  });

  it('lets a body move and rotate as a whole', () => {
    const clean = people(2, 1, 2, 3);
    const carried = tf.add(clean, [0.01, -0.02, 0.005]);
    expect(values(tf.max(tf.abs(tf.sub(rule.apply(carried, clean), carried))))[0]).toBeLessThan(1e-6);
    const angle = 0.02;
    const turn = tf.tensor2d([
      [Math.cos(angle), 0, Math.sin(angle)],
      [0, 1, 0],
      [-Math.sin(angle), 0, Math.cos(angle)],
    ]);
    const turned = tf.reshape(tf.matMul(tf.reshape(clean, [-1, 3]) as tf.Tensor2D, turn), clean.shape);
    expect(values(tf.max(tf.abs(tf.sub(rule.apply(turned, clean), turned))))[0]).toBeLessThan(2e-6);
  });

  it('keeps absent bodies and padded frames all zero, and no others', () => {
    const clean = sparsePeople(2, 2, 3, 4);
    const there = onlyPresent()(clean);
    const moved = rule.apply(tf.add(clean, normal(clean.shape, 5, 0.02)), clean);
    expect(values(onlyPresent()(moved))).toEqual(values(there));
    expect(values(there)).toContain(0);
  });

  it('handles joints that coincide, and joints whose wanted position is that of their parent', () => {
    const clean = tf.tensor([0, 0, 1, 0, 1, 0], [1, 1, 3, 2]);
    const wanted = tf.tensor([0, 0, 0, 0, 2, 5], [1, 1, 3, 2]);
    const chain = boneLengths({
      edges: [
        [0, 1],
        [1, 2],
      ],
      root: 0,
    });
    const moved = chain.apply(wanted, clean);
    expect(values(moved).every(Number.isFinite)).toBe(true);
    expect(values(chain.holds!(moved, clean))).toEqual([1]);
  });

  it("takes other layouts, such as PyTorch's with coordinates first", () => {
    const clean = people(2, 1, 3, 6);
    const perturbed = tf.add(clean, normal(clean.shape, 7, 0.02));
    const order = [0, 4, 2, 3, 1];
    const torch = boneLengths({ edges: kinect, axes: { joints: 3, coordinates: 1 } });
    const moved = torch.apply(tf.transpose(perturbed, order), tf.transpose(clean, order));
    const expected = values(rule.apply(perturbed, clean));
    for (const [i, value] of values(tf.transpose(moved, order)).entries()) {
      expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-6);
    }
    const flat = rule.apply(tf.squeeze(perturbed, [1]), tf.squeeze(clean, [1]));
    expect(values(flat)).toEqual(expected);
  });

  it('lets PGD use at least half of the budget in a linf ball of 2 or 5 cm', () => {
    // A linear program without curvature reaches 0.74 on average; joints placed without regard for the ball 0.25.
    expect(shareKept([rule], 0.02)).toBeGreaterThan(0.5);
    expect(shareKept([rule], 0.05)).toBeGreaterThan(0.45);
    expect(shareKept([], 0.02)).toBeCloseTo(1, 3);
  });

  it('holds exactly in the result of PGD, inside the ball, with masks of whole limbs, and lets PGD raise the loss', async () => {
    const clean = { skeleton: sparsePeople(2, 2, 2, 8), other: normal([2, 3], 9) };
    const classifier = denseClassifier(clean, 3, 10, 20);
    const labels = tf.argMax(classifier(clean), 1) as tf.Tensor1D;
    const arm = onlyJoints([4, 5, 6, 7]);
    for (const norm of ['linf', 'l2'] as const) {
      for (const mask of [onlyPresent(), (x: tf.Tensor) => tf.mul(onlyPresent()(x), arm(x))]) {
        const epsilon = norm === 'linf' ? 0.02 : 0.2;
        const budget = { norm, epsilon, mask, constraints: [boneLengths({ edges: kinect, root: 2 })] };
        const losses: number[][] = [];
        const result = await pgd({ skeleton: budget }, { steps: 3, loss: 'cw' }).perturb(
          classifier,
          clean,
          labels,
          { onStep: ({ loss }) => losses.push(values(loss)) },
        );
        const moved = result.skeleton!;
        expect(largestChange(moved, clean.skeleton)).toBeLessThan(2 ** -19 * 3.5);
        const change = values(
          tf.norm(tf.reshape(tf.sub(moved, clean.skeleton), [2, -1]), norm === 'l2' ? 2 : Infinity, 1),
        );
        for (const length of change) {
          expect(length).toBeLessThan(epsilon + 1e-6);
          expect(length).toBeGreaterThan(epsilon / 3);
        }
        const untouched = tf.mul(tf.sub(moved, clean.skeleton), tf.sub(1, mask(clean.skeleton)));
        expect(values(tf.max(tf.abs(untouched)))).toEqual([0]);
        for (const row of [0, 1]) expect(losses.at(-1)![row]!).toBeGreaterThan(losses[0]![row]!);
      }
    }
  });

  it('refuses another number of joints, another axis and unknown options', () => {
    const clean = people(1, 1, 1, 1);
    const other = boneLengths({
      edges: [
        [0, 1],
        [1, 2],
      ],
    });
    expect(() => other.apply(clean, clean)).toThrow(ThreatModelError);
    expect(() => other.apply(clean, clean)).toThrow(
      /^boneLengths\.axes\.joints: got -2; expected an axis of 3 joints, .* but axis -2 .*\[1, 1, 1, 20, 3\] has 20\./,
    );
    expect(() => boneLengths({ edges: kinect, axes: { joints: 9 } }).apply(clean, clean)).toThrow(
      /^boneLengths\.axes\.joints: got 9/,
    );
    expect(() => boneLengths({ edges: kinect, bones: 3 } as never)).toThrow(
      /^boneLengths\.bones: got an unknown option; expected one of edges, root, axes/,
    );
  });
});
