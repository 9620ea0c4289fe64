/** Unit of key points: what the readers of such data sets give. */
export const keypointUnit = 'picture heights';

/** A picture's size in pixels. */
export interface PictureSize {
  /** Columns. */
  width: number;
  /** Rows. */
  height: number;
}

/**
 * A key point's column, row and score as what a network is given: x to the right and y up from the middle of the picture, both
 * in picture heights, so that a circle stays a circle, and the score within [0, 1]. A point that wasn't found (its score isn't
 * above 0, or what it says isn't finite) is all zero. A mirror changes the sign of x; a zoom about the middle multiplies both.
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
