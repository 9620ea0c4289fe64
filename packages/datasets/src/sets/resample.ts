import { DatasetError } from '../datasetError.js';
import { checkCount } from '../options.js';

/**
 * A series of another number of frames: `count` moments evenly over the whole series, each a linear mix of the two frames that it
 * lies between. By `moments` `'ends'` they go from the first frame to the last one, both included, and of `count` 1 the middle
 * frame is left, which is the one that videos are left with; by `'middles'` they are the middles of `count` equal parts of the
 * series, as a frame is the middle of its own part (what PyTorch's `interpolate` with `mode='linear'` does). As many frames as
 * before are the very same values; a single frame is repeated. What isn't there, such as the zeros of an absent body, is mixed like
 * any number: take only what is there.
 * @param values `[frames, stride]`, row by row
 * @param frames number of frames, at least 1
 * @param count number of frames wanted, at least 1
 * @param stride values of a frame
 * @param moments where they are; default `'ends'`
 * @returns `[count, stride]`, of its own memory
 * @throws {DatasetError} when a number isn't a whole one from 1, or the values are not `frames * stride`
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
      `values: ${values.length} were given, ${frames} frames of ${stride} were expected`,
    );
  }
  const resampled = new Float32Array(count * stride);
  for (let i = 0; i < count; i++) {
    const position = moments === 'ends' ? momentOf(i, frames, count) : fromMiddles(i, frames, count);
    const before = Math.floor(position);
    const share = position - before;
    const from = before * stride;
    for (let k = 0; k < stride; k++) {
      const value = values[from + k]!;
      resampled[i * stride + k] =
        share === 0 ? value : value * (1 - share) + values[from + stride + k]! * share;
    }
  }
  return resampled;
}

/**
 * Where moment `i` of `count`, evenly from the first of `frames` frames to the last one, lies between them; one alone is the
 * middle frame, as of `evenlySpaced`.
 */
export const momentOf = (i: number, frames: number, count: number): number =>
  // Multiplied before it is divided: whole positions come out whole, and the last one is frames - 1 exactly.
  count === 1 ? Math.floor((frames - 1) / 2) : (i * (frames - 1)) / (count - 1);

const fromMiddles = (i: number, frames: number, count: number) =>
  Math.min(frames - 1, Math.max(0, ((2 * i + 1) * frames - count) / (2 * count)));
