import { rowsOf, values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { AttackOptionsError } from '../../../errors.js';
import { randomOf } from '../../../tensors/random.js';
import type { BallPart } from '../../../threatModel/ballPart.js';
import { coordinatesOf, type FreePlaces, type Grid, gridOf } from './grid.js';
import { drawWindow, insideOf, sidesOf } from './window.js';

const partOf = (shape: number[]): BallPart => {
  const clean = tf.zeros([2, ...shape]);
  return { modality: 'x', clean, offset: 0, size: clean.size / 2, scale: 1 };
};
const gridFor = (shape: number[], axes?: number[]) => gridOf(partOf(shape), axes);

describe('gridOf', () => {
  it.each([
    ['a vector', [7], undefined, { sizes: [7], windowed: [true], places: 7, colors: 1 }],
    ['a series', [5, 3], undefined, { sizes: [5], windowed: [true], places: 5, colors: 3 }],
    ['an image', [6, 4, 3], undefined, { sizes: [6, 4], windowed: [true, true], places: 24, colors: 3 }],
    [
      'a clip whose blocks span the frames',
      [8, 6, 4, 3],
      [2, 3],
      { sizes: [8, 6, 4], windowed: [false, true, true], places: 192, colors: 3 },
    ],
    [
      'an image without colours',
      [6, 4],
      [1, 2],
      { sizes: [6, 4], windowed: [true, true], places: 24, colors: 1 },
    ],
  ])('sees %s as places and colours', (_, shape, axes, expected) => {
    expect(gridFor(shape, axes)).toMatchObject(expected);
  });

  it('knows the coordinates of each place', () => {
    const grid = gridFor([2, 3, 4]);
    expect([...coordinatesOf(grid, 0)]).toEqual([0, 0, 0, 1, 1, 1]);
    expect([...coordinatesOf(grid, 1)]).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it.each([[[]], [[0]], [[4]], [[1.5]]])('refuses the axes %j of an image', (axes) => {
    expect(() => gridFor([6, 4, 3], axes)).toThrow(AttackOptionsError);
    expect(() => gridFor([6, 4, 3], axes)).toThrow(/square\.axes\.x: .*1 to 3 of the shape \[2, 6, 4, 3\]/);
  });
});

describe('sidesOf', () => {
  it.each([
    // round(sqrt(p h w)), as published: p = 0.8 and 0.8 / 64 of 32 x 32.
    ['a square', [32, 32, 3], undefined, 0.8 * 1024, [29, 29]],
    ['a small square', [32, 32, 3], undefined, 12.8, [4, 4]],
    ['less than a place', [32, 32, 3], undefined, 0.2, [1, 1]],
    ['nothing', [32, 32, 3], undefined, 0, [1, 1]],
    ['an oblong, in proportion', [10, 40, 3], undefined, 100, [5, 20]],
    ['a cube', [8, 8, 8, 1], undefined, 64, [4, 4, 4]],
    ['a box with an axis of 1, which takes no part', [1, 16, 16, 3], undefined, 64, [1, 8, 8]],
    ['a box with an axis too short for its part', [2, 20, 20, 3], undefined, 25, [1, 5, 5]],
    ['all of an axis that it spans', [4, 10, 10, 3], [2, 3], 100, [4, 5, 5]],
    ['a stretch', [50, 3], undefined, 20, [20]],
  ])('gives %s', (_, shape, axes, places, expected) => {
    expect(sidesOf(gridFor(shape, axes), places)).toEqual(expected);
  });
});

describe('drawnWindow', () => {
  const sidesFor = (rows: number, ...sides: number[]) =>
    sides.map((side) => tf.fill<tf.Rank.R2>([rows, 1], side));
  const random = randomOf(5);
  const rows = 400;

  it('is uniform over all places where the window fits, the last ones too', () => {
    const grid = gridFor([4, 6, 3]);
    const { corners } = drawWindow(grid, sidesFor(rows, 2, 3), random);
    const [y, x] = corners.map((corner) => values(corner));
    for (const [of, count] of [
      [y!, 3],
      [x!, 4],
    ] as const) {
      expect([...new Set(of)].sort()).toEqual(Array.from({ length: count }, (_, i) => i));
      // Four standard deviations of a count of 400 draws.
      for (let i = 0; i < count; i++) {
        const hits = of.filter((value) => value === i).length;
        expect(Math.abs(hits - rows / count)).toBeLessThan(4 * Math.sqrt((rows / count) * (1 - 1 / count)));
      }
    }
    const inside = rowsOf(insideOf(grid, { corners, sides: sidesFor(rows, 2, 3) }));
    for (const [row, places] of inside.entries()) {
      const expected = Array.from({ length: 24 }, (_, place) => {
        const [i, j] = [Math.floor(place / 6) - y![row]!, (place % 6) - x![row]!];
        return Number(i >= 0 && i < 2 && j >= 0 && j < 3);
      });
      expect(places).toEqual(expected);
    }
  });

  it('spans axes that have no window, and lets each row have a different side', () => {
    const grid = gridFor([3, 5, 2], [2]);
    const sides = [tf.tensor2d([[3], [3]]), tf.tensor2d([[1], [4]])];
    const inside = rowsOf(insideOf(grid, drawWindow(grid, sides, random)));
    expect(inside.map((row) => row.reduce((a, b) => a + b))).toEqual([3, 12]);
  });

  it('holds a free place, each of them at some time', () => {
    const places = 30;
    const free = Array.from({ length: places }, (_, i) => Number([0, 7, 8, 29].includes(i)));
    const upTo = tf.tile(tf.cumsum(tf.tensor2d([free]), 1), [rows, 1]) as tf.Tensor2D;
    const mask: FreePlaces = {
      entries: tf.tile(tf.tensor3d([free.map((f) => [f])]), [rows, 1, 1]),
      upTo,
      count: tf.fill([rows, 1], 4),
    };
    const grid: Grid = { ...gridFor([5, 6, 1]), free: mask };
    for (const sides of [sidesFor(rows, 1, 1), sidesFor(rows, 2, 3)]) {
      const inside = rowsOf(insideOf(grid, drawWindow(grid, sides, random)));
      const held = inside.map((row) => row.flatMap((v, i) => (v === 1 && free[i] === 1 ? [i] : [])));
      expect(held.every((found) => found.length > 0)).toBe(true);
      expect([...new Set(held.flat())].sort((a, b) => a - b)).toEqual([0, 7, 8, 29]);
      expect(
        inside.every(
          (row) => row.filter((v) => v === 1).length === values(sides[0]!)[0]! * values(sides[1]!)[0]!,
        ),
      ).toBe(true);
    }
  });
});
