/** Unit of key points. */
export const keypointUnit = 'picture heights';

/** A picture's size in pixels. */
export interface PictureSize {
  /** Columns. */
  width: number;
  /** Rows. */
  height: number;
}

/**
 * Converts a key point's column, row and score into a network's input: x to the right and y up from the middle of the picture, both
 * in picture heights, which keeps proportions, and the score clipped to at most 1. A point that wasn't found (its score isn't above
 * 0, or its position isn't finite) is all zero. Mirroring changes the sign of x, and zooming about the middle multiplies x and y.
 */
export function inPictureHeights(
  column: number,
  row: number,
  score: number,
  { width, height }: PictureSize,
): [x: number, y: number, score: number] {
  if (!(score > 0) || !Number.isFinite(column) || !Number.isFinite(row)) return [0, 0, 0];
  return [(column - width / 2) / height, (height / 2 - row) / height, Math.min(1, score)];
}
