import { expect, it } from 'vitest';
import { spacedSamples } from './spacedSamples.js';

it('takes samples in equal distances from the first on, at most all', () => {
  expect(spacedSamples(10, 4)).toEqual([0, 2, 5, 7]);
  expect(spacedSamples(3, 8)).toEqual([0, 1, 2]);
  expect(spacedSamples(5, 0)).toEqual([]);
});
