import { partners, type SkeletonShape } from './skeletons.js';

/**
 * Seen in a mirror: x changes its sign, left and right joints their places; scores go with their joints.
 * @param values [persons, frames, joints, 3] of x to the right and y up from the centre of the picture, and a score; joints
 * that weren't found are all zero and stay so
 */
export function mirrorKeypoints(
  values: Float32Array,
  [, , joints]: SkeletonShape,
  pairs: readonly (readonly [number, number])[],
): Float32Array {
  const partner = partners(joints, pairs);
  const out = new Float32Array(values.length);
  for (let start = 0; start < values.length; start += joints * 3) {
    for (let joint = 0; joint < joints; joint++) {
      const [from, to] = [start + partner[joint]! * 3, start + joint * 3];
      // 0 - x, since -0 is no number that anybody has stored.
      out[to] = 0 - values[from]!;
      out[to + 1] = values[from + 1]!;
      out[to + 2] = values[from + 2]!;
    }
  }
  return out;
}

/**
 * Rolled and enlarged about the centre of the picture, which is 0; so joints that weren't found stay all zero.
 * @param angle in radians, counter-clockwise in the picture
 */
export function rollKeypoints(values: Float32Array, angle: number, zoom: number): Float32Array {
  const [cos, sin] = [Math.cos(angle) * zoom, Math.sin(angle) * zoom];
  const out = values.slice();
  for (let i = 0; i < out.length; i += 3) {
    const [x, y] = [values[i]!, values[i + 1]!];
    out[i] = cos * x - sin * y;
    out[i + 1] = sin * x + cos * y;
  }
  return out;
}
