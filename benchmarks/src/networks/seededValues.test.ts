import { expect, it } from 'vitest';
import { seededValues } from './seededValues.js';

const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

it('repeats itself, and differs from other seeds', () => {
  const shape = [4, 5];
  expect(seededValues(1).spread(shape, 1)).toEqual(seededValues(1).spread(shape, 1));
  expect(seededValues(1).spread(shape, 1)).not.toEqual(seededValues(2).spread(shape, 1));
});

it('has the mean and the deviation that are asked for', () => {
  const values = seededValues(3).spread([20_000], 0.5);
  expect(mean(values)).toBeCloseTo(0, 1.5);
  expect(Math.sqrt(mean(values.map((value) => value ** 2)))).toBeCloseTo(0.5, 2);
});

it('seededValues weights that keep a signal alive', () => {
  const kernel = seededValues(1).weight('kernel', [3, 3, 3, 8, 16]);
  expect(kernel.length).toBe(27 * 8 * 16);
  expect(mean(kernel.map((value) => value ** 2)) * 27 * 8).toBeCloseTo(2, 1);
  for (const name of ['moving_variance', 'gamma', 'edgeImportance']) {
    expect(
      seededValues(1)
        .weight(name, [50])
        .every((value) => value >= 0.8 && value < 1.2),
    ).toBe(true);
  }
});
