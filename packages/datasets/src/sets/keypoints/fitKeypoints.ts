import { fitToFrames, type SkeletonFit } from '../fitToFrames.js';

/** Key points of some persons, frame by frame. */
interface KeypointClip {
  /** x, y and score: `[persons, frames, joints, 3]`. A point that wasn't found is all zero. */
  values: Float32Array;
  /** Number of persons, including absent ones. */
  persons: number;
  /** Number of frames. */
  frames: number;
  /** Number of points of a person. */
  joints: number;
}

/** The key points in `count` frames, `[persons, count, joints, 3]`; see {@link fitToFrames}. A point with a score above 0 is present. */
export function fitKeypoints(clip: KeypointClip, count: number, fit: SkeletonFit): Float32Array {
  const { values, persons, frames, joints } = clip;
  const length = joints * 3;
  const isPresent = (person: number, frame: number, offset: number) =>
    values[(person * frames + frame) * length + offset + 2]! > 0;
  return fitToFrames(values, { persons, frames, length, part: 3 }, count, fit, isPresent);
}
