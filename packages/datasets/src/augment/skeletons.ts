import type { Random } from '../random.js';

/** Shape of one sample's skeletons: [persons, frames, joints, 3]. */
export type SkeletonShape = readonly [persons: number, frames: number, joints: number, coordinates: 3];

/**
 * Turned about the vertical axis and enlarged, both through the middle of all bodies. Absent bodies stay all zero.
 * @param values joints of one sample, [persons, frames, joints, 3]
 * @param angle in radians, to the left seen from above
 * @param scale 1 leaves the size as it is
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

/** With normal noise of this standard deviation, in the values' unit, on each coordinate. Absent bodies stay all zero. */
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

/** Seen in a mirror that swaps left and right of the picture: x changes its sign, left and right joints their places. */
export function mirrorSkeletons(
  values: Float32Array,
  shape: SkeletonShape,
  pairs: readonly (readonly [number, number])[],
): Float32Array {
  const partner = Array.from({ length: shape[2] }, (_, j) => j);
  for (const [a, b] of pairs) {
    partner[a] = b;
    partner[b] = a;
  }
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
 * The part of the time from `from` to `to`, in shares of the clip, stretched over all frames by linear interpolation. A body
 * that is absent in one of two neighbouring frames is taken from the nearer one.
 */
export function cropSkeletonTime(
  values: Float32Array,
  shape: SkeletonShape,
  from: number,
  to: number,
): Float32Array {
  const [persons, frames, joints] = shape;
  const length = joints * 3;
  const out = new Float32Array(values.length);
  for (let person = 0; person < persons; person++) {
    for (let frame = 0; frame < frames; frame++) {
      const at = (from + ((to - from) * frame) / Math.max(1, frames - 1)) * (frames - 1);
      const before = Math.min(Math.floor(at), Math.max(0, frames - 2));
      const start = (person * frames + before) * length;
      const first = values.subarray(start, start + length);
      const second = before + 1 < frames ? values.subarray(start + length, start + 2 * length) : first;
      const whole = isPresent(first) && isPresent(second);
      const share = whole ? at - before : Math.round(at - before);
      const target = (person * frames + frame) * length;
      for (let i = 0; i < length; i++) out[target + i] = first[i]! + share * (second[i]! - first[i]!);
    }
  }
  return out;
}

/** Calls with the range of values of each body that is there, in each frame. */
function eachBody(
  values: Float32Array,
  shape: SkeletonShape,
  visit: (start: number, end: number) => void,
): void {
  const length = shape[2] * 3;
  for (let start = 0; start < values.length; start += length) {
    if (isPresent(values.subarray(start, start + length))) visit(start, start + length);
  }
}

const isPresent = (body: Float32Array) => body.some((value) => value !== 0);
