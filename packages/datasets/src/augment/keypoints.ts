import { partners, type SkeletonShape } from './skeletons.js';

/**
 * Mirrors key points: negates x and swaps left and right joints with their scores.
 * @param values [persons, frames, joints, 3]: x to the right and y up from the centre of the picture, and a score; joints that
 * weren't detected are all zero and stay so
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
      // 0 - x rather than -x, which would turn a stored 0 into -0.
      out[to] = 0 - values[from]!;
      out[to + 1] = values[from + 1]!;
      out[to + 2] = values[from + 2]!;
    }
  }
  return out;
}

/**
 * Rolls and enlarges key points about the centre of the picture, which is 0; so joints that weren't detected stay all zero.
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
