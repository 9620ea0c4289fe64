import { momentOf, resampleLinear } from '../resample.js';
import { type BodyClip, takeFrames } from './mainBodies.js';
import { jointCount } from './skeletonFile.js';

type Vector = [number, number, number];

/** The middle of the spine: joint 2 of the paper's figure, which counts from 1. */
const spineMiddle = 1;
const [spineBase, leftShoulder, rightShoulder] = [0, 4, 8];

/**
 * Moves all bodies so that the middle of the spine (joint 1, counted from 0) of the first body, in the first frame that it is in, is
 * the origin: as PYSKL's `PreNormalize3D` and CTR-GCN's `seq_translation` do. Absent bodies stay zero.
 */
export function center(clip: BodyClip): BodyClip {
  const joint = firstJoints(clip);
  const origin = joint(spineMiddle);
  return mapPresent(clip, ([x, y, z]) => [x - origin[0], y - origin[1], z - origin[2]]);
}

/**
 * Turns all bodies, about the origin, as 2s-AGCN's `pre_normalization` (Shi et al., CVPR 2019) and PYSKL's `PreNormalize3D` do: in
 * the first frame of the first body the bone from the base to the middle of the spine (joints 0 and 1) comes to lie along z, then
 * that from the left to the right shoulder (4 and 8) along x, each by the shortest rotation. So the second one may tilt the spine a
 * little. A bone of no length turns nothing.
 */
export function alignView(clip: BodyClip): BodyClip {
  const joint = firstJoints(clip);
  const upright = rotation(difference(joint(spineMiddle), joint(spineBase)), [0, 0, 1]);
  const shoulders = upright(difference(joint(rightShoulder), joint(leftShoulder)));
  const sideways = rotation(shoulders, [1, 0, 0]);
  return mapPresent(clip, (point) => sideways(upright(point)));
}

/** How a clip gets another number of frames. */
export type SkeletonFit = 'resample' | 'pad' | 'loop';

/**
 * The clip in `count` frames. `'resample'`: `count` moments evenly over the clip, linearly between its frames, and the very same
 * values when it has as many; one moment is the middle frame; a body that is absent on one side of a moment is as it is in the
 * frame nearer to the moment. `'pad'`: zeros behind its end; `'loop'`: from its beginning again; both cut what is longer off.
 */
export function fitFrames(clip: BodyClip, count: number, fit: SkeletonFit): BodyClip {
  const { persons, frames, present } = clip;
  if (frames === count) return clip;
  if (fit !== 'resample') {
    const taken = fit === 'pad' ? Math.min(frames, count) : count;
    const cut = takeFrames(
      clip,
      Array.from({ length: taken }, (_, i) => i % frames),
    );
    return taken === count ? cut : padded(cut, count);
  }
  const stride = 3 * jointCount;
  const fitted = padded(takeFrames(clip, []), count);
  for (let person = 0; person < persons; person++) {
    const rows = clip.positions.subarray(person * frames * stride, (person + 1) * frames * stride);
    fitted.positions.set(resampleLinear(rows, frames, count, stride), person * count * stride);
    for (let i = 0; i < count; i++) {
      const position = momentOf(i, frames, count);
      const near = Math.round(position);
      const there = (frame: number) => present[person * frames + frame]!;
      fitted.present[person * count + i] = there(near);
      // A mix with the zeros of an absent body would be no body.
      if (there(Math.floor(position)) !== there(Math.ceil(position))) {
        fitted.positions.set(
          rows.subarray(near * stride, (near + 1) * stride),
          (person * count + i) * stride,
        );
      }
    }
  }
  return fitted;
}

function padded(clip: BodyClip, count: number): BodyClip {
  const stride = 3 * jointCount;
  const positions = new Float32Array(clip.persons * count * stride);
  const present = new Uint8Array(clip.persons * count);
  for (let person = 0; person < clip.persons; person++) {
    const [from, to] = [person * clip.frames, (person + 1) * clip.frames];
    positions.set(clip.positions.subarray(from * stride, to * stride), person * count * stride);
    present.set(clip.present.subarray(from, to), person * count);
  }
  return { positions, persons: clip.persons, frames: count, present };
}

/** The joints of the first person in the first frame that it is in. */
function firstJoints({ positions, present }: BodyClip): (joint: number) => Vector {
  const row = Math.max(0, present.indexOf(1));
  return (joint) => {
    const at = (row * jointCount + joint) * 3;
    return [positions[at]!, positions[at + 1]!, positions[at + 2]!];
  };
}

function mapPresent(clip: BodyClip, change: (point: Vector) => Vector): BodyClip {
  const positions = new Float32Array(clip.positions.length);
  clip.present.forEach((there, row) => {
    if (there === 0) return;
    for (let joint = 0; joint < jointCount; joint++) {
      const at = (row * jointCount + joint) * 3;
      positions.set(change([clip.positions[at]!, clip.positions[at + 1]!, clip.positions[at + 2]!]), at);
    }
  });
  return { ...clip, positions };
}

/** The shortest rotation that gives `from` the direction of `to`, a unit vector (Rodrigues' formula). */
function rotation(from: Vector, to: Vector): (point: Vector) => Vector {
  const length = Math.hypot(...from);
  if (length < 1e-6) return (point) => point;
  const unit = from.map((value) => value / length) as Vector;
  const cosine = dot(unit, to);
  let axis = cross(unit, to);
  let sine = Math.hypot(...axis);
  if (sine < 1e-6) {
    if (cosine > 0) return (point) => point;
    // Half a turn about any axis at right angles.
    axis = [to[1], to[2], to[0]];
    sine = 0;
  } else {
    axis = axis.map((value) => value / sine) as Vector;
  }
  return (point) => {
    const turned = cross(axis, point);
    const along = dot(axis, point) * (1 - cosine);
    return point.map((value, i) => value * cosine + turned[i]! * sine + axis[i]! * along) as Vector;
  };
}

const difference = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
