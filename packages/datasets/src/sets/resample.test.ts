import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DatasetError } from '../datasetError.js';
import { resampleLinear } from './resample.js';

describe('resampleLinear', () => {
  it('interpolates between the two frames around each moment', () => {
    expect(Array.from(resampleLinear([0, 10, 4, 20], 2, 5, 2))).toEqual([
      0, 10, 1, 12.5, 2, 15, 3, 17.5, 4, 20,
    ]);
    expect(Array.from(resampleLinear([0, 1, 4, 9, 16], 5, 3, 1))).toEqual([0, 4, 16]);
  });

  it('uses the middles of equal parts, like torch.nn.functional.interpolate', () => {
    // interpolate(torch.tensor([[[0., 1, 4, 9, 16]]]), size=3, mode='linear'), and size=8 of [0, 10, 30].
    const three = resampleLinear([0, 1, 4, 9, 16], 5, 3, 1, 'middles');
    expect(Array.from(three)).toEqual([1 / 3, 4, 16 - 7 / 3].map(Math.fround));
    const eight = resampleLinear([0, 10, 30], 3, 8, 1, 'middles');
    expect(Array.from(eight)).toEqual([0, 0.625, 4.375, 8.125, 13.75, 21.25, 28.75, 30]);
    expect(Array.from(resampleLinear([3, 5, 7], 3, 1, 1, 'middles'))).toEqual([5]);
    expect(Array.from(resampleLinear([0, 1, 4, 9, 16], 5, 5, 1, 'middles'))).toEqual([0, 1, 4, 9, 16]);
  });

  it('repeats a single frame, and keeps the middle one for a count of 1', () => {
    expect(Array.from(resampleLinear([3, 5], 1, 3, 2))).toEqual([3, 5, 3, 5, 3, 5]);
    expect(Array.from(resampleLinear([3, 5, 7], 3, 1, 1))).toEqual([5]);
  });

  it('keeps first and last frame and stays between neighbours; equal counts change nothing', () => {
    const series = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(series, fc.integer({ min: 2, max: 40 }), (values, count) => {
        const resampled = resampleLinear(values, values.length, count, 1);
        expect(resampled[0]).toBe(Math.fround(values[0]!));
        expect(resampled[count - 1]).toBe(Math.fround(values.at(-1)!));
        expect(Math.max(...resampled)).toBeLessThanOrEqual(Math.fround(Math.max(...values)));
        expect(Array.from(resampleLinear(values, values.length, values.length, 1))).toEqual(values);
      }),
    );
  });

  it.each([
    [[1, 2, 3], 2, 4, 1],
    [[1, 2], 2, 0, 1],
    [[], 0, 4, 1],
    [[1, 2], 2, 1.5, 1],
  ])('refuses %j as %d frames, %d wanted', (values, frames, count, stride) => {
    expect(() => resampleLinear(values, frames, count, stride)).toThrow(DatasetError);
  });
});
