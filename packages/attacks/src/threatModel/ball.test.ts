import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { denseClassifier, normal, predictionsOf, rowsOf, uniform, values } from '@amr/testing/attacks/models';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pgd } from '../attacks/pgd.js';
import type { Modalities } from '../classifier/classifier.js';
import { type Ball, ballsAround, disposeBalls } from './ball.js';
import type { Constraint } from './constraint.js';
import { jointBall } from './jointBall.js';
import { perturbModalities, project } from './perturbation.js';
import type { Budget, ThreatModel } from './threatModel.js';

const changeOf = (moved: tf.Tensor, clean: tf.Tensor) =>
  tf.reshape(tf.sub(moved, clean), [clean.shape[0]!, -1]);

/** No entry may change by more than `most`; `apply` doesn't fix rows that do. */
const within = (most: number): Constraint => ({
  name: `changes within ${most}`,
  apply: (moved) => moved,
  holds: (moved, clean) => tf.lessEqual(tf.max(tf.abs(changeOf(moved, clean)), 1), most),
});
/** Nothing but the clean input holds. */
const nothing: Constraint = {
  name: 'nothing',
  apply: (moved) => moved,
  holds: (moved, clean) => tf.all(tf.equal(changeOf(moved, clean), 0), 1),
};

/** The first ball of a threat model around inputs. */
function ballOf(inputs: Modalities, threatModel: ThreatModel, masks: Modalities = {}): Ball {
  return ballsAround(inputs, threatModel, masks, { stepLength: 1, useBudgetStepSize: true })[0]!;
}

describe('project, with a constraint that has to hold exactly', () => {
  const x = tf.zeros([3, 2, 2]);

  it('multiplies each row by the largest factor for which the constraint holds, to 1/128', () => {
    const ball = ballOf({ x }, { x: { norm: 'linf', epsilon: 1, constraints: [within(0.3)] } });
    const delta = tf.tensor2d([
      [1, -1, 0.5, 0],
      [0.2, 0.3, -0.1, 0],
      [0.4, 0.4, 0.4, 0.4],
    ]);
    const [first, second, third] = rowsOf(project(ball, delta)) as [number[], number[], number[]];
    // The factors are 0.3, 1 and 0.75; bisection reaches 0.75 exactly.
    expect(first[0]).toBeLessThanOrEqual(0.3);
    expect(first[0]).toBeGreaterThan(0.3 - 1 / 128);
    [-1, 0.5, 0].forEach((part, i) => {
      expect(first[i + 1]).toBeCloseTo(part * first[0]!, 6);
    });
    expect(second).toEqual(rowsOf(delta)[1]);
    for (const value of third) expect(value).toBeCloseTo(0.3, 2);
    disposeBalls([ball]);
  });

  it('returns the clean input where nothing else satisfies the constraint, and leaks nothing', () => {
    const before = tf.memory().numTensors;
    const ball = ballOf({ x }, { x: { norm: 'l2', epsilon: 1, constraints: [nothing] } });
    const held = tf.memory().numTensors;
    const delta = normal([3, 4], 1) as tf.Tensor2D;
    const result = tf.tidy(() => project(ball, delta));
    expect(tf.memory().numTensors - held).toBe(2);
    expect(values(result)).toEqual(Array(12).fill(0));
    tf.dispose([delta, result]);
    disposeBalls([ball]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('tests the constraint after ball, range and mask, which may satisfy or violate it', () => {
    // The sum of the changes has to be 0. The range cuts the entry that goes up, so its counterpart is too long.
    const balanced: Constraint = {
      name: 'balanced',
      apply: (moved, clean) => {
        const change = tf.sub(moved, clean);
        return tf.add(clean, tf.sub(change, tf.mean(change, [1], true)));
      },
      holds: (moved, clean) => tf.less(tf.abs(tf.sum(changeOf(moved, clean), 1)), 1e-3),
    };
    const clean = tf.tensor2d([
      [0.9, 0.5],
      [0.5, 0.5],
    ]);
    const budget: Budget = { norm: 'linf', epsilon: 1, range: [0, 1], constraints: [balanced] };
    const ball = ballOf({ x: clean }, { x: budget });
    const delta = tf.tensor2d([
      [0.4, -0.4],
      [0.4, -0.4],
    ]);
    const [cut, free] = rowsOf(project(ball, delta)) as [number[], number[]];
    // The range leaves [0.1, -0.4]. Multiplied by t, `apply` makes it [0.25 t, -0.25 t], which is in the range up to t = 0.4.
    expect(cut[0]).toBeLessThanOrEqual(0.1 + 1e-6);
    expect(cut[0]).toBeGreaterThan(0.1 - 0.25 / 128 - 1e-3);
    expect(cut[1]).toBeCloseTo(-cut[0]!, 2);
    expect(free[0]).toBeCloseTo(0.4, 6);
    disposeBalls([ball]);
  });

  it('shortens the perturbation of a joint ball as a whole', () => {
    const inputs = { a: tf.zeros([2, 2]), b: tf.zeros([2, 1]) };
    const joint = jointBall('l2', 10, { a: { constraints: [within(1)] }, b: { scale: 1 / 2 } });
    const ball = ballOf(inputs, joint);
    const delta = tf.tensor2d([
      [2, 0, 4],
      [0.5, 0, 4],
    ]);
    const moved = perturbModalities(ball, project(ball, delta));
    expect(values(moved.a!)[0]).toBeCloseTo(1, 5);
    // Columns of b count double.
    values(moved.b!).forEach((value, row) => {
      expect(value).toBeCloseTo([1, 2][row]!, 5);
    });
    disposeBalls([ball]);
  });

  it('holds in the result of pgd for any ball, range and mask', async () => {
    const cases = fc.record({
      norm: fc.constantFrom('linf' as const, 'l2' as const, 'l1' as const),
      rows: fc.integer({ min: 1, max: 4 }),
      most: fc.constantFrom(0, 0.01, 0.1, 5),
      seed: fc.nat(10_000),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ norm, rows, most, seed }) => {
        const clean = uniform([rows, 2, 3], seed);
        const classifier = denseClassifier({ x: clean }, 4, seed + 1, 5);
        const labels = predictionsOf(classifier, { x: clean });
        const mask = tf.cast(tf.greater(uniform([rows, 2, 3], seed + 2), 0.3), 'float32');
        const rule = within(most);
        const budget: Budget = { norm, epsilon: 0.5, range: [0, 1], mask, constraints: [rule] };
        const before = tf.memory().numTensors;
        const attack = pgd({ x: budget }, { steps: 3, randomStart: true });
        const result = await attack.perturb(classifier, { x: clean }, labels, { seed });
        expect(tf.memory().numTensors - before).toBe(1);
        expect(values(rule.holds!(result.x!, clean)).every(Boolean)).toBe(true);
        const free = values(mask);
        const original = values(clean);
        values(result.x!).forEach((value, i) => {
          expect(value >= 0 && value <= 1 && (free[i] === 1 || value === original[i])).toBe(true);
        });
      }),
      { numRuns: 15 },
    );
  });
});
