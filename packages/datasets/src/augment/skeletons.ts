import type { Random } from '@amr/internal';
import { isPresent } from './cropTime.js';

/** Shape of one sample's skeletons: [persons, frames, joints, 3]. */
export type SkeletonShape = readonly [persons: number, frames: number, joints: number, coordinates: 3];

/**
 * Rotates skeletons about the vertical axis and enlarges them, both about the middle of all bodies. Absent bodies stay zero.
 * @param values joints of one sample, [persons, frames, joints, 3]
 * @param angle in radians, counter-clockwise seen from above
 * @param scale factor of the size, default 1
 */
export function turnSkeletons(
  values: Float32Array,
  shape: SkeletonShape,
  angle: number,
  scale = 1,
): Float32Array {
  const middle = [0, 0, 0];
  let joints = 0;
  eachBody(values, shape, (start, end) => {
    for (let i = start; i < end; i += 3) for (let c = 0; c < 3; c++) middle[c]! += values[i + c]!;
    joints += (end - start) / 3;
  });
  const [mx, my, mz] = middle.map((sum) => sum / Math.max(1, joints)) as [number, number, number];
  const [cos, sin] = [Math.cos(angle) * scale, Math.sin(angle) * scale];
  const out = values.slice();
  eachBody(values, shape, (start, end) => {
    for (let i = start; i < end; i += 3) {
      const [x, z] = [values[i]! - mx, values[i + 2]! - mz];
      out[i] = mx + cos * x + sin * z;
      out[i + 1] = my + scale * (values[i + 1]! - my);
      out[i + 2] = mz - sin * x + cos * z;
    }
  });
  return out;
}

/** Adds normal noise of this standard deviation, in the values' unit, to each coordinate. Absent bodies stay all zero. */
export function jitterSkeletons(
  values: Float32Array,
  shape: SkeletonShape,
  deviation: number,
  random: Random,
): Float32Array {
  const out = values.slice();
  eachBody(values, shape, (start, end) => {
    for (let i = start; i < end; i++) out[i]! += random.normal(deviation);
  });
  return out;
}

/** Mirrors skeletons: negates x and swaps left and right joints. */
export function mirrorSkeletons(
  values: Float32Array,
  shape: SkeletonShape,
  pairs: readonly (readonly [number, number])[],
): Float32Array {
  const partner = partners(shape[2], pairs);
  const out = values.slice();
  eachBody(values, shape, (start) => {
    partner.forEach((from, to) => {
      out[start + to * 3] = -values[start + from * 3]!;
      out[start + to * 3 + 1] = values[start + from * 3 + 1]!;
      out[start + to * 3 + 2] = values[start + from * 3 + 2]!;
    });
  });
  return out;
}

/**
 * Rolls skeletons about the viewing axis and enlarges them, in step with the frames of their camera. Absent bodies stay zero.
 * @param angle in radians, counter-clockwise in the picture (x to the right, y up)
 * @param zoom factor of x and y, and of z about the mean depth of all joints
 */
export function rollSkeletons(
  values: Float32Array,
  shape: SkeletonShape,
  angle: number,
  zoom: number,
): Float32Array {
  let [depth, joints] = [0, 0];
  eachBody(values, shape, (start, end) => {
    for (let i = start + 2; i < end; i += 3) depth += values[i]!;
    joints += (end - start) / 3;
  });
  depth /= Math.max(1, joints);
  const [cos, sin] = [Math.cos(angle) * zoom, Math.sin(angle) * zoom];
  const out = values.slice();
  eachBody(values, shape, (start, end) => {
    for (let i = start; i < end; i += 3) {
      const [x, y] = [values[i]!, values[i + 1]!];
      out[i] = cos * x - sin * y;
      out[i + 1] = sin * x + cos * y;
      out[i + 2] = depth + zoom * (values[i + 2]! - depth);
    }
  });
  return out;
}

/** For each joint, the joint that a swap of all pairs puts in its place. */
export function partners(joints: number, pairs: readonly (readonly [number, number])[]): number[] {
  const partner = Array.from({ length: joints }, (_, j) => j);
  for (const [a, b] of pairs) {
    partner[a] = b;
    partner[b] = a;
  }
  return partner;
}

/** Visits each present body of each frame, as a range of values. */
function eachBody(
  values: Float32Array,
  shape: SkeletonShape,
  visit: (start: number, end: number) => void,
): void {
  const length = shape[2] * 3;
  for (let start = 0; start < values.length; start += length) {
    if (isPresent(values, start, length)) visit(start, start + length);
  }
}
