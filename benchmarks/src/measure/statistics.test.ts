import { expect, it } from 'vitest';
import { ratioOf, spreadOf } from './statistics.js';

it('gives the median of odd and even numbers of values, and their ends', () => {
  expect(spreadOf([3, 10, 2])).toEqual({ median: 3, min: 2, max: 10 });
  expect(spreadOf([4, 1, 2, 100])).toEqual({ median: 3, min: 1, max: 100 });
  expect(() => spreadOf([])).toThrow(/no values/);
});

it('divides round by round, as far as both have rounds', () => {
  // A machine that was three times as slow in the second round slows down both alike.
  expect(ratioOf([10, 30, 12], [5, 15, 6])).toEqual({ median: 2, min: 2, max: 2 });
  expect(ratioOf([8], [2, 1000])).toEqual({ median: 4, min: 4, max: 4 });
  expect(ratioOf([], [2])).toBeUndefined();
});
