import { ntuMirror, random } from '@amr/internal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cropTimeOf } from './cropTime.js';
import { jitterSkeletons, mirrorSkeletons, type SkeletonShape, turnSkeletons } from './skeletons.js';

const shape: SkeletonShape = [2, 4, 25, 3];
/** One present and one absent body. */
const sample = (seed: number) => {
  const r = random('sample', seed);
  return Float32Array.from({ length: 2 * 4 * 75 }, (_, i) => (i < 300 ? r.uniform(0.5, 2) : 0));
};
const absent = (values: Float32Array) => values.subarray(300).every((value) => value === 0);
const distance = (v: Float32Array, a: number, b: number) =>
  Math.hypot(v[a * 3]! - v[b * 3]!, v[a * 3 + 1]! - v[b * 3 + 1]!, v[a * 3 + 2]! - v[b * 3 + 2]!);

describe('skeletons', () => {
  it('keep heights and bone lengths when rotated, and proportions when enlarged', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.double({ min: 0.5, max: 2, noNaN: true }),
        (seed, angle, scale) => {
          const values = sample(seed);
          const turned = turnSkeletons(values, shape, angle);
          const both = turnSkeletons(values, shape, angle, scale);
          for (let joint = 1; joint < 100; joint++) {
            expect(turned[joint * 3 + 1]).toBeCloseTo(values[joint * 3 + 1]!, 5);
            expect(distance(turned, joint, 0)).toBeCloseTo(distance(values, joint, 0), 4);
            expect(distance(both, joint, 0)).toBeCloseTo(scale * distance(values, joint, 0), 4);
          }
          expect(absent(both)).toBe(true);
        },
      ),
      { numRuns: 10 },
    );
  });

  it('come back when rotated back or mirrored twice', () => {
    const values = sample(1);
    const back = turnSkeletons(turnSkeletons(values, shape, 1.2), shape, -1.2);
    back.forEach((value, i) => {
      expect(value).toBeCloseTo(values[i]!, 4);
    });
    expect(mirrorSkeletons(mirrorSkeletons(values, shape, ntuMirror), shape, ntuMirror)).toEqual(values);
  });

  it('have left and right swapped and x negated in a mirror', () => {
    const values = sample(2);
    const mirrored = mirrorSkeletons(values, shape, ntuMirror);
    expect(mirrored[4 * 3]).toBe(-values[8 * 3]!);
    expect(mirrored[8 * 3 + 1]).toBe(values[4 * 3 + 1]);
    expect(mirrored[0]).toBe(-values[0]!);
    expect(absent(mirrored)).toBe(true);
  });

  it('get noise of the given deviation', () => {
    const values = sample(3);
    const noisy = jitterSkeletons(values, shape, 0.05, random(7));
    const squares = Array.from(noisy.subarray(0, 300), (value, i) => (value - values[i]!) ** 2);
    const deviation = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / 300);
    expect(Math.abs(deviation - 0.05)).toBeLessThan(0.01);
    expect(absent(noisy)).toBe(true);
  });

  it('are stretched linearly over time, without blending a body with its absence', () => {
    const still = { groups: 1, frames: 5, length: 3, absent: 3 };
    const line = Float32Array.from({ length: 15 }, (_, i) => 1 + Math.floor(i / 3));
    expect(Array.from(cropTimeOf(line, still, 0.25, 0.75)).filter((_, i) => i % 3 === 0)).toEqual([
      2, 2.5, 3, 3.5, 4,
    ]);
    expect(cropTimeOf(line, still, 0, 1)).toEqual(line);
    const leaves = line.map((value) => (value > 3 ? 0 : value));
    const firsts = Array.from(cropTimeOf(leaves, still, 0.4, 0.75)).filter((_, i) => i % 3 === 0);
    for (const value of firsts) expect(value === 0 || value >= 2.5).toBe(true);
    expect(firsts.at(-1)).toBe(0);
  });
});
