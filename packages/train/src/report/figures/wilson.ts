import type { Interval } from '../data/reportData.js';

/** The 97.5 % quantile of the standard normal distribution. */
const Z = 1.959963984540054;

/**
 * Wilson's 95 % score interval of a proportion (Wilson 1927): how far the accuracy on as many other samples of the same
 * kind may be from this one. It holds near 0 and 1, where the normal approximation doesn't.
 * @param successes number of samples that count
 * @param trials number of all samples, > 0
 * @returns [low, high], within [0, 1]
 */
export function wilson(successes: number, trials: number): Interval {
  const proportion = successes / trials;
  const z2 = (Z * Z) / trials;
  const center = (proportion + z2 / 2) / (1 + z2);
  const half = (Z / (1 + z2)) * Math.sqrt((proportion * (1 - proportion)) / trials + z2 / (4 * trials));
  // The ends are exact at no success and at no failure, where rounding would leave 1e-17.
  return [
    successes === 0 ? 0 : Math.max(0, center - half),
    successes === trials ? 1 : Math.min(1, center + half),
  ];
}

/**
 * The mean of values and its 95 % interval in the normal approximation: for a mean over conditions, and for the
 * difference of two models on the same samples, sample by sample.
 */
export function meanWithInterval(values: readonly number[]): { mean: number; interval: Interval } {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(n - 1, 1);
  const half = Z * Math.sqrt(variance / n);
  return { mean, interval: [mean - half, mean + half] };
}
