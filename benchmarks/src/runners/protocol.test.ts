import { expect, it } from 'vitest';
import { compared, difference } from './protocol.js';

it('compares at most 500 values, evenly spaced', () => {
  expect(compared([1, 2, 3])).toEqual([1, 2, 3]);
  const many = compared(Float32Array.from({ length: 1234 }, (_, i) => i));
  expect(many).toHaveLength(500);
  expect(many.slice(0, 3)).toEqual([0, 2, 4]);
});

it('measures differences in units of the largest value', () => {
  expect(difference([-8, 1], [-8, 1.5])).toBeCloseTo(0.5 / 8);
  expect(difference([0, 0], [0, 0.25])).toBe(0.25);
});

it('or in units of the length', () => {
  expect(difference([3, 4], [3, 4.5], 'length')).toBeCloseTo(0.1);
});

it('counts NaN and missing values as infinitely wrong', () => {
  expect(difference([1, 2], [1, Number.NaN])).toBe(Number.POSITIVE_INFINITY);
  expect(difference([1, 2], [1])).toBe(Number.POSITIVE_INFINITY);
});
