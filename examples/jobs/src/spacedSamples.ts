/**
 * Positions of `count` samples out of `size`, in equal distances from the first on; all of them when there are no more.
 */
export const spacedSamples = (size: number, count: number): number[] => {
  const taken = Math.min(size, count);
  return Array.from({ length: taken }, (_, i) => Math.floor((i * size) / taken));
};
