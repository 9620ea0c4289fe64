import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkpoints } from './checkpoints.js';

it('are the published ones for 100 steps', () => {
  expect(checkpoints(100)).toEqual([22, 41, 57, 70, 80, 87, 93, 99]);
});

it('scale with the number of steps, rounded up', () => {
  expect(checkpoints(1000)).toEqual([220, 410, 570, 700, 800, 870, 930, 990]);
  expect(checkpoints(50)).toEqual([11, 21, 29, 35, 40, 44, 47, 50]);
  expect(checkpoints(1)).toEqual([1]);
});

it('rise, and lie within the steps, each once', () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), (steps) => {
      const found = checkpoints(steps);
      expect(found.every((step, i) => step > (found[i - 1] ?? 0) && step <= steps)).toBe(true);
    }),
  ));
