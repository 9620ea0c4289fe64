/**
 * Uniform sub-sampling: `count` positions out of `total`, the first and the last one included. For a count of 1, the middle
 * position. Two streams of one clip stay aligned when both are sub-sampled this way.
 */
export function evenlySpaced(total: number, count: number): number[] {
  if (count === 1) return [Math.floor((total - 1) / 2)];
  return Array.from({ length: count }, (_, i) => Math.round((i * (total - 1)) / (count - 1)));
}
