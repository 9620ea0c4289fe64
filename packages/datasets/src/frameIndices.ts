/**
 * Uniform sub-sampling: which of `total` frames stand for `count` of them, first and last included. The middle frame
 * for a count of 1. Two streams of one clip stay aligned when both are sub-sampled this way.
 */
export function frameIndices(total: number, count: number): number[] {
  if (count === 1) return [Math.floor((total - 1) / 2)];
  return Array.from({ length: count }, (_, i) => Math.round((i * (total - 1)) / (count - 1)));
}
