import fc from 'fast-check';
import { expect, it } from 'vitest';
import { meanWithInterval, wilson } from './wilson.js';

it.each([
  // Computed from the formula by hand; statsmodels' proportion_confint(method='wilson') gives the same.
  [8, 10, 0.4901625, 0.9433178],
  [0, 10, 0, 0.2775328],
  [10, 10, 0.7224672, 1],
  [50, 100, 0.4038315, 0.5961685],
])('%i of %i', (successes, trials, low, high) => {
  const [a, b] = wilson(successes, trials);
  expect(a).toBeCloseTo(low, 6);
  expect(b).toBeCloseTo(high, 6);
});

it('contains the proportion, lies in [0, 1] and is symmetric', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (trials, proportion) => {
        const successes = Math.round(proportion * trials);
        const [low, high] = wilson(successes, trials);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(successes / trials + 1e-12);
        expect(high).toBeGreaterThanOrEqual(successes / trials - 1e-12);
        expect(wilson(trials - successes, trials)[0]).toBeCloseTo(1 - high, 10);
      },
    ),
  );
});

it('gives a mean the interval of its standard error', () => {
  // mean 2, variance ((1 + 0 + 1) / 2) = 1, standard error 1 / sqrt 3
  const { mean, interval } = meanWithInterval([1, 2, 3]);
  expect(mean).toBe(2);
  expect(interval[0]).toBeCloseTo(2 - 1.959964 / Math.sqrt(3), 6);
  expect(interval[1]).toBeCloseTo(2 + 1.959964 / Math.sqrt(3), 6);
});
