import { lengthOf, rowsOf } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomOf } from '../../tensors/random.js';
import type { NormName } from '../threatModel.js';
import type { BallGeometry } from './norm.js';
import { norms } from './norms.js';

const names: NormName[] = ['linf', 'l2', 'l1'];

function roomOf(rows: number, size: number, epsilon: number[], free?: number[][]): BallGeometry {
  const mask = free && tf.tensor2d(free, [rows, size]);
  return {
    rows,
    size,
    epsilon: tf.tensor2d(epsilon, [rows, 1]),
    free: mask,
    dimensions: mask ? tf.sum(mask, 1, true) : tf.fill([rows, 1], size),
  };
}

/** Projection onto the l1 ball by sorting, Duchi et al. 2008, figure 1, in double precision. */
function duchi(v: number[], epsilon: number): number[] {
  if (lengthOf('l1', v) <= epsilon) return v;
  let total = 0;
  let threshold = 0;
  for (const [i, u] of v
    .map(Math.abs)
    .sort((a, b) => b - a)
    .entries()) {
    total += u;
    if (u >= (total - epsilon) / (i + 1)) threshold = (total - epsilon) / (i + 1);
  }
  return v.map((x) => Math.sign(x) * Math.max(Math.abs(x) - threshold, 0));
}

const projected: Record<NormName, (v: number[], epsilon: number) => number[]> = {
  linf: (v, epsilon) => v.map((x) => Math.max(-epsilon, Math.min(epsilon, x))),
  l2: (v, epsilon) => v.map((x) => x * Math.min(1, epsilon / Math.max(lengthOf('l2', v), 1e-300))),
  l1: duchi,
};
const dual: Record<NormName, NormName> = { linf: 'l1', l2: 'l2', l1: 'linf' };

const matrices = fc
  .record({
    rows: fc.integer({ min: 1, max: 4 }),
    size: fc.integer({ min: 1, max: 90 }),
    seed: fc.nat(10_000),
  })
  .map(({ rows, size, seed }) => ({
    room: roomOf(
      rows,
      size,
      Array.from({ length: rows }, (_, row) => row * 0.7),
    ),
    matrix: tf.randomNormal([rows, size], 0, 1, 'float32', seed) as tf.Tensor2D,
  }));

describe.each(names)('%s', (name) => {
  const norm = norms[name];

  it('projects onto the nearest point of the ball', () => {
    fc.assert(
      fc.property(matrices, ({ room, matrix }) => {
        const epsilons = room.epsilon.dataSync();
        const rows = rowsOf(matrix);
        for (const [row, got] of rowsOf(norm.project(matrix, room)).entries()) {
          const expected = projected[name](rows[row]!, epsilons[row]!);
          got.forEach((value, i) => {
            expect(value).toBeCloseTo(expected[i]!, 5);
          });
          expect(lengthOf(name, got)).toBeLessThanOrEqual(epsilons[row]! * (1 + 1e-6));
        }
      }),
      { numRuns: 20 },
    );
  });

  it('gives the unit step that raises a linear function the most', () => {
    fc.assert(
      fc.property(matrices, ({ room, matrix }) => {
        const rows = rowsOf(matrix);
        for (const [row, step] of rowsOf(norm.direction(matrix, room)).entries()) {
          expect(lengthOf(name, step)).toBeCloseTo(1, 5);
          const rise = step.reduce((total, value, i) => total + value * rows[row]![i]!, 0);
          expect(rise).toBeCloseTo(lengthOf(dual[name], rows[row]!), 4);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('measures rows in its norm and in the dual norm', () => {
    fc.assert(
      fc.property(matrices, ({ matrix }) => {
        const lengths = rowsOf(norm.length(matrix));
        const duals = rowsOf(norm.dual(matrix));
        for (const [i, row] of rowsOf(matrix).entries()) {
          expect(lengths[i]![0]).toBeCloseTo(lengthOf(name, row), 4);
          expect(duals[i]![0]).toBeCloseTo(lengthOf(dual[name], row), 4);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('gives no step where the gradient is zero', () => {
    const room = roomOf(2, 3, [1, 1]);
    expect(
      rowsOf(norm.direction(tf.zeros([2, 3]), room))
        .flat()
        .map(Math.abs),
    ).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('gives steps for gradients near the limits of float32', () => {
    const room = roomOf(2, 2, [1, 1]);
    const [small, large] = rowsOf(
      norm.direction(
        tf.tensor2d([
          [3e-11, 4e-11],
          [3e30, 4e30],
        ]),
        room,
      ),
    );
    const expected = { linf: [1, 1], l2: [0.6, 0.8], l1: [0, 1] }[name];
    small!.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 5);
      expect(large![i]).toBeCloseTo(expected[i]!, 5);
    });
  });

  it('starts uniformly in the ball: inside, 0 where the mask is 0, with the right radii and no bias', () => {
    const samples = 3000;
    const epsilon = 0.5;
    const free = Array.from({ length: samples }, () => [1, 1, 0, 1]);
    const room = roomOf(samples, 4, Array(samples).fill(epsilon), free);
    const points = rowsOf(norm.start(randomOf(3), room));
    const radii = points.map((point) => lengthOf(name, point));
    expect(Math.max(...radii)).toBeLessThanOrEqual(epsilon * (1 + 1e-6));
    expect(points.every((point) => point[2] === 0)).toBe(true);
    // In d dimensions the radius of a uniform point is distributed as r^d: mean d / (d + 1), d = 3 here.
    expect(radii.reduce((a, b) => a + b) / samples).toBeCloseTo(epsilon * 0.75, 2);
    const inHalf = radii.filter((radius) => radius < epsilon / 2).length / samples;
    expect(inHalf).toBeGreaterThan(0.125 - 0.03);
    expect(inHalf).toBeLessThan(0.125 + 0.03);
    for (const i of [0, 1, 3]) {
      expect(Math.abs(points.reduce((total, point) => total + point[i]!, 0) / samples)).toBeLessThan(0.02);
      // By symmetry each coordinate is the largest in a third of the points.
      const wins = points.filter((point) => point.every((value) => Math.abs(value) <= Math.abs(point[i]!)));
      expect(Math.abs(wins.length / samples - 1 / 3)).toBeLessThan(0.04);
    }
  });
});

describe('l1', () => {
  const size = 20_000;
  const uniforms = () => tf.randomUniform([1, size], 1e-7, 1, 'float32', 5);
  it.each([
    ['uniform', () => uniforms()],
    ['Laplace', () => tf.log(uniforms())],
    ['Pareto', () => tf.pow(uniforms(), -1.2)],
    ['log-normal', () => tf.exp(tf.mul(tf.randomNormal([1, size], 0, 1, 'float32', 2), 3))],
    ['geometric', () => tf.pow(0.999, tf.range(0, size))],
    ['one entry among equal ones', () => tf.concat1d([tf.fill([size - 1], 0.001), tf.tensor1d([10])])],
  ])('projects 20000 entries exactly: %s', (_, draw) => {
    for (const share of [1e-4, 0.01, 0.5]) {
      const v = tf.reshape<tf.Rank.R2>(draw(), [1, size]);
      const [row] = rowsOf(v);
      const epsilon = Math.fround(share * lengthOf('l1', row!));
      const expected = duchi(row!, epsilon);
      const [got] = rowsOf(norms.l1.project(v, roomOf(1, size, [epsilon])));
      const largest = (v: number[]) => v.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const worst = got!.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
      expect(worst).toBeLessThan(1e-5 * largest(expected) + 1e-7 * largest(row!));
      expect(lengthOf('l1', got!)).toBeLessThanOrEqual(epsilon * (1 + 1e-4));
    }
  });

  it('moves the largest percent of the free entries', () => {
    const free = Array.from({ length: 2 }, (_, row) =>
      Array.from({ length: 1000 }, (_, i) => (row === 0 || i < 300 ? 1 : 0)),
    );
    const room = roomOf(2, 1000, [1, 1], free);
    const gradient = tf.mul(tf.randomNormal([2, 1000], 0, 1, 'float32', 8), room.free!) as tf.Tensor2D;
    const moved = rowsOf(norms.l1.direction(gradient, room)).map(
      (row) => row.filter((value) => value !== 0).length,
    );
    expect(moved).toEqual([10, 3]);
  });
});
