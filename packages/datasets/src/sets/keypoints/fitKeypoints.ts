import type { SkeletonFit } from '../ntu/normalize.js';
import { momentOf } from '../resample.js';

/** Key points of some persons, frame by frame. */
export interface KeypointClip {
  /** x, y and score: `[persons, frames, joints, 3]`. A point that wasn't found is all zero. */
  values: Float32Array;
  /** How many persons there is room for. */
  persons: number;
  /** How many frames. */
  frames: number;
  /** How many points a person has. */
  joints: number;
}

/**
 * The key points in `count` frames: `[persons, count, joints, 3]`. `'resample'`: `count` moments evenly over the clip, first and
 * last frame included, or its middle frame; a point that was found in both frames beside a moment is mixed linearly, any other is as in the nearer
 * frame, so that nothing is mixed with the zeros of what wasn't found. `'pad'`: zeros behind its end; `'loop'`: from its beginning
 * again; both cut what is longer off.
 */
export function fitKeypoints(clip: KeypointClip, count: number, fit: SkeletonFit): Float32Array {
  const { values, persons, frames, joints } = clip;
  const stride = joints * 3;
  const fitted = new Float32Array(persons * count * stride);
  for (let person = 0; person < persons; person++) {
    for (let i = 0; i < count; i++) {
      if (fit === 'pad' && i >= frames) break;
      const position = fit === 'resample' ? momentOf(i, frames, count) : i % frames;
      const before = Math.floor(position);
      const [a, b] = [before, Math.ceil(position)].map((frame) => (person * frames + frame) * stride) as [
        number,
        number,
      ];
      const to = (person * count + i) * stride;
      mix(values, a, b, position - before, fitted.subarray(to, to + stride));
    }
  }
  return fitted;
}

/** The points of two frames that begin at `a` and `b`, `share` of the way from one to the other. */
function mix(values: Float32Array, a: number, b: number, share: number, into: Float32Array): void {
  for (let k = 0; k < into.length; k += 3) {
    const both = values[a + k + 2]! > 0 && values[b + k + 2]! > 0;
    const weight = both ? share : Math.round(share);
    for (let c = k; c < k + 3; c++) {
      // Not a sum with a weight of 0: the very same values stay the same.
      into[c] = weight === 0 ? values[a + c]! : values[a + c]! * (1 - weight) + values[b + c]! * weight;
    }
  }
}
