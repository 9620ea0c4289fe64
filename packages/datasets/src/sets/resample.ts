import { DatasetError } from '../datasetError.js';
import { checkCount } from '../options.js';

/**
 * Linear interpolation of a series at `count` evenly spaced moments. With `moments` `'ends'` they include the first and the last
 * frame; a single moment is the middle frame, as in videos. With `'middles'` they are the middles of `count` equal parts of the
 * series, where a frame is in the middle of its own part (PyTorch's `interpolate` with `mode='linear'`). A count equal to `frames`
 * gives the same values. A single frame is repeated. Zeros of an absent body are interpolated like any number: pass only what is
 * present.
 * @param values `[frames, stride]`, row by row
 * @param frames number of frames, at least 1
 * @param count number of frames of the result, at least 1
 * @param stride values of a frame
 * @param moments placement of the moments; default `'ends'`
 * @returns `[count, stride]`, a new array
 * @throws {DatasetError} when a number isn't a whole number from 1, or there are not `frames * stride` values
 */
export function resampleLinear(
  values: ArrayLike<number>,
  frames: number,
  count: number,
  stride: number,
  moments: 'ends' | 'middles' = 'ends',
): Float32Array {
  checkCount('frames', frames);
  checkCount('count', count);
  checkCount('stride', stride);
  if (values.length !== frames * stride) {
    throw new DatasetError(
      `values: got ${values.length}; expected ${frames * stride} for ${frames} frames of ${stride}.`,
    );
  }
  const resampled = new Float32Array(count * stride);
  for (let i = 0; i < count; i++) {
    const position = moments === 'ends' ? momentOf(i, frames, count) : fromMiddles(i, frames, count);
    const before = Math.floor(position);
    const weight = position - before;
    const from = before * stride;
    for (let k = 0; k < stride; k++) {
      const value = values[from + k]!;
      resampled[i * stride + k] =
        weight === 0 ? value : value * (1 - weight) + values[from + stride + k]! * weight;
    }
  }
  return resampled;
}

/**
 * Position, in frames, of moment `i` out of `count` that are evenly spaced from the first of `frames` frames to the last. A single
 * moment is the middle frame, as in `evenlySpaced`.
 */
export const momentOf = (i: number, frames: number, count: number): number =>
  // The product comes before the quotient, so that whole positions are exact, and the last one is frames - 1.
  count === 1 ? Math.floor((frames - 1) / 2) : (i * (frames - 1)) / (count - 1);

const fromMiddles = (i: number, frames: number, count: number) =>
  Math.min(frames - 1, Math.max(0, ((2 * i + 1) * frames - count) / (2 * count)));
