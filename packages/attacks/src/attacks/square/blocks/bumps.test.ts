import { rowsOf } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { randomOf } from '../../../tensors/random.js';
import { bumps } from './bumps.js';
import { type Grid, gridOf } from './grid.js';
import { insideOf, localIn } from './window.js';

/** A bump of h x w places: concentric boxes, added one after the other, then brought to length 1. */
function bump(h: number, w: number): number[][] {
  const heights = Array.from({ length: h }, () => Array<number>(w).fill(0));
  const [y, x] = [Math.floor(h / 2), Math.floor(w / 2)];
  for (let k = 0; k < Math.max(y, x) + 1; k++) {
    for (let i = Math.max(y - k, 0); i <= Math.min(y + k, h - 1); i++) {
      for (let j = Math.max(x - k, 0); j <= Math.min(x + k, w - 1); j++) heights[i]![j]! += 1 / (k + 1) ** 2;
    }
  }
  const length = Math.hypot(...heights.flat());
  return heights.map((row) => row.map((height) => height / length));
}

/** One above, one below turned downwards. */
function pair(side: number): number[][] {
  const half = Math.floor(side / 2);
  const below = bump(side - half, side).map((row) => row.map((height) => -height));
  return [...bump(half, side), ...below];
}

const gridFor = (shape: number[]): Grid => {
  const clean = tf.zeros([1, ...shape, 1]);
  return gridOf({ modality: 'x', clean, offset: 0, size: clean.size, scale: 1 });
};

it.each([3, 5, 7])('are those of the paper, either way up, in a square of %i', (side) => {
  const rows = 20;
  const size = 9;
  const grid = gridFor([size, size]);
  const corner = 1;
  const window = {
    corners: [0, 0].map(() => tf.fill<tf.Rank.R2>([rows, 1], corner)),
    sides: [0, 0].map(() => tf.fill<tf.Rank.R2>([rows, 1], side)),
  };
  const drawn = bumps(grid, localIn(grid, window), window.sides, insideOf(grid, window), randomOf(1));
  const expected = pair(side);
  const seen = new Set<string>();
  for (const row of rowsOf(drawn)) {
    const got = Array.from({ length: size }, (_, i) => row.slice(i * size, (i + 1) * size));
    const upright = got[corner]![corner]! * got[corner]![corner + side - 1]! > 0;
    seen.add(upright ? 'upright' : 'lying');
    for (const [i, line] of got.entries()) {
      for (const [j, value] of line.entries()) {
        const [y, x] = upright ? [i - corner, j - corner] : [j - corner, i - corner];
        expect(value).toBeCloseTo(expected[y]?.[x] ?? 0, 5);
      }
    }
  }
  expect(seen.size).toBe(2);
});

it('have two halves of length 1 in a box of any shape', () => {
  for (const shape of [[6], [4, 7], [3, 4, 5], [1, 4], [2, 2]]) {
    const grid = gridFor(shape);
    const window = {
      corners: shape.map(() => tf.zeros<tf.Rank.R2>([6, 1])),
      sides: shape.map((side) => tf.fill<tf.Rank.R2>([6, 1], side)),
    };
    const drawn = bumps(grid, localIn(grid, window), window.sides, insideOf(grid, window), randomOf(2));
    for (const row of rowsOf(drawn)) {
      const [up, down] = [row.filter((v) => v > 0), row.filter((v) => v < 0)];
      // An axis of one place can't be cut: then there is a single bump.
      if (Math.min(...shape) > 1) expect(Math.hypot(...up)).toBeCloseTo(1, 5);
      expect(Math.hypot(...down)).toBeCloseTo(1, 5);
      expect(up.length + down.length).toBe(row.length);
    }
  }
});
