import { momentOf, resampleLinear } from './resample.js';

/**
 * How a clip gets another number of frames. `'resample'`: by linear interpolation at evenly spaced moments. `'pad'`: with zeros
 * behind its end. `'loop'`: from its beginning again. `'pad'` and `'loop'` cut off what is too long.
 */
export type SkeletonFit = 'resample' | 'pad' | 'loop';

/** All values of {@link SkeletonFit}. */
export const skeletonFits: readonly SkeletonFit[] = ['resample', 'pad', 'loop'];

/** Layout of values `[persons, frames, length]`. */
interface FrameLayout {
  persons: number;
  frames: number;
  /** Values of a person in a frame. */
  length: number;
  /** Values that are present or absent together: those of a body, or of one key point. Divides `length`. */
  part: number;
}

/**
 * A clip of skeletons or key points in `count` frames. Resampling takes `count` evenly spaced moments, first and last frame included
 * (one moment is the middle frame), and interpolates between the two frames around each. Where a part is present in only one of
 * these frames, it is taken from the nearer frame: a mix with the zeros of an absent part would be neither.
 * @param values `[persons, frames, length]`; absent parts are all zero
 * @param isPresent whether the part that begins at `offset` of a person's frame is present
 * @returns `[persons, count, length]`
 */
export function fitToFrames(
  values: Float32Array,
  { persons, frames, length, part }: FrameLayout,
  count: number,
  fit: SkeletonFit,
  isPresent: (person: number, frame: number, offset: number) => boolean,
): Float32Array {
  const fitted = new Float32Array(persons * count * length);
  for (let person = 0; person < persons; person++) {
    const from = values.subarray(person * frames * length, (person + 1) * frames * length);
    const to = fitted.subarray(person * count * length, (person + 1) * count * length);
    const copy = (frame: number, i: number, offset: number, size: number) =>
      to.set(from.subarray(frame * length + offset, frame * length + offset + size), i * length + offset);
    if (fit === 'resample') to.set(resampleLinear(from, frames, count, length));
    for (let i = 0; i < count; i++) {
      const near = nearestFrame(i, frames, count, fit);
      if (near === undefined) break;
      if (fit !== 'resample') {
        copy(near, i, 0, length);
        continue;
      }
      const position = momentOf(i, frames, count);
      const [before, after] = [Math.floor(position), Math.ceil(position)];
      for (let offset = 0; offset < length; offset += part) {
        if (isPresent(person, before, offset) !== isPresent(person, after, offset)) {
          copy(near, i, offset, part);
        }
      }
    }
  }
  return fitted;
}

/** The frame that is nearest to frame `i` of the fitted clip; undefined behind the end of a padded one. */
export function nearestFrame(i: number, frames: number, count: number, fit: SkeletonFit): number | undefined {
  if (fit === 'resample') return Math.round(momentOf(i, frames, count));
  return fit === 'loop' || i < frames ? i % frames : undefined;
}
