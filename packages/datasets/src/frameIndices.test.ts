import { expect, it } from 'vitest';
import { frameIndices } from './frameIndices.js';

it('takes frames uniformly, first and last included', () => {
  expect(frameIndices(16, 4)).toEqual([0, 5, 10, 15]);
  expect(frameIndices(5, 5)).toEqual([0, 1, 2, 3, 4]);
  expect(frameIndices(9, 1)).toEqual([4]);
  expect(frameIndices(1, 1)).toEqual([0]);
});
