/** Several measurements of one quantity. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** Median, min and max of one or more values. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new Error('spreadOf: got no values; expected one or more.');
  const sorted = [...values].sort((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  return {
    median: (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2,
    min: sorted[0]!,
    max: sorted.at(-1)!,
  };
}

/**
 * Ratios of two runners' times, round by round: the load of a busy machine, which affects both in a round, cancels.
 * @returns undefined when they share no round
 */
export function ratioOf(times: readonly number[], reference: readonly number[]): Spread | undefined {
  const rounds = Math.min(times.length, reference.length);
  if (rounds === 0) return undefined;
  return spreadOf(Array.from({ length: rounds }, (_, round) => times[round]! / reference[round]!));
}
