/** Lower and upper end of a 95 % interval. */
export type Interval = [low: number, high: number];

const Z = 1.959963984540054;

/**
 * Wilson's 95 % score interval of a share (Wilson 1927): how far the accuracy on as many other samples of the same
 * kind may be from this one. It holds near 0 and 1, where the normal approximation doesn't.
 * @param successes number of samples that count
 * @param trials number of all samples, > 0
 * @returns [low, high], within [0, 1]
 */
export function wilson(successes: number, trials: number): Interval {
  const share = successes / trials;
  const z2 = (Z * Z) / trials;
  const centre = (share + z2 / 2) / (1 + z2);
  const half = (Z / (1 + z2)) * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials));
  // The ends are exact at no success and at no failure, where rounding would leave 1e-17.
  return [
    successes === 0 ? 0 : Math.max(0, centre - half),
    successes === trials ? 1 : Math.min(1, centre + half),
  ];
}

/**
 * The mean of values and its 95 % interval in the normal approximation: for a mean over conditions, and for the
 * difference of two models on the same samples, taken sample by sample.
 */
export function meanWithInterval(values: readonly number[]): { mean: number; interval: Interval } {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(n - 1, 1);
  const half = Z * Math.sqrt(variance / n);
  return { mean, interval: [mean - half, mean + half] };
}
