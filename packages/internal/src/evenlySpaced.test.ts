import { expect, it } from 'vitest';
import { evenlySpaced } from './evenlySpaced.js';

it('takes frames uniformly, first and last included', () => {
  expect(evenlySpaced(16, 4)).toEqual([0, 5, 10, 15]);
  expect(evenlySpaced(5, 5)).toEqual([0, 1, 2, 3, 4]);
  expect(evenlySpaced(9, 1)).toEqual([4]);
  expect(evenlySpaced(1, 1)).toEqual([0]);
});
