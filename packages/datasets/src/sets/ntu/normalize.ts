import { fitToFrames, nearestFrame, type SkeletonFit } from '../fitToFrames.js';
import type { BodyClip } from './mainBodies.js';
import { jointCount } from './skeletonFile.js';

type Vector = [number, number, number];

/** Joint numbers from 0. The middle of the spine is joint 2 of the paper's figure, which counts from 1. */
const spineMiddle = 1;
const [spineBase, leftShoulder, rightShoulder] = [0, 4, 8];

/**
 * Moves all bodies so that the middle of the first body's spine (joint 1, counted from 0), in its first frame, is the origin, as
 * PYSKL's `PreNormalize3D` and CTR-GCN's `seq_translation` do. Absent bodies stay zero.
 */
export function center(clip: BodyClip): BodyClip {
  const joint = firstJoints(clip);
  const origin = joint(spineMiddle);
  return mapPresent(clip, ([x, y, z]) => [x - origin[0], y - origin[1], z - origin[2]]);
}

/**
 * Rotates all bodies about the origin, as 2s-AGCN's `pre_normalization` (Shi et al., CVPR 2019) and PYSKL's `PreNormalize3D` do: in
 * the first frame of the first body, the bone from the base to the middle of the spine (joints 0 and 1) is rotated onto the z axis,
 * then the line from the left to the right shoulder (4 and 8) onto the x axis, each by the shortest rotation. The second rotation may
 * therefore tilt the spine a little. A bone of length 0 causes no rotation.
 */
export function alignView(clip: BodyClip): BodyClip {
  const joint = firstJoints(clip);
  const upright = rotation(difference(joint(spineMiddle), joint(spineBase)), [0, 0, 1]);
  const shoulders = upright(difference(joint(rightShoulder), joint(leftShoulder)));
  const sideways = rotation(shoulders, [1, 0, 0]);
  return mapPresent(clip, (point) => sideways(upright(point)));
}

/** The clip in `count` frames; see {@link fitToFrames}. */
export function fitFrames(clip: BodyClip, count: number, fit: SkeletonFit): BodyClip {
  const { persons, frames, present } = clip;
  if (frames === count) return clip;
  const length = 3 * jointCount;
  const layout = { persons, frames, length, part: length };
  const isPresent = (person: number, frame: number) => present[person * frames + frame] === 1;
  const positions = fitToFrames(clip.positions, layout, count, fit, isPresent);
  const fitted = Uint8Array.from({ length: persons * count }, (_, row) => {
    const near = nearestFrame(row % count, frames, count, fit);
    return near === undefined ? 0 : present[Math.floor(row / count) * frames + near]!;
  });
  return { positions, persons, frames: count, present: fitted };
}

/** The joints of the first person in that person's first frame. */
function firstJoints({ positions, present }: BodyClip): (joint: number) => Vector {
  const row = Math.max(0, present.indexOf(1));
  return (joint) => {
    const at = (row * jointCount + joint) * 3;
    return [positions[at]!, positions[at + 1]!, positions[at + 2]!];
  };
}

function mapPresent(clip: BodyClip, change: (point: Vector) => Vector): BodyClip {
  const positions = new Float32Array(clip.positions.length);
  clip.present.forEach((value, row) => {
    if (value === 0) return;
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
    // Half a turn about any perpendicular axis.
    axis = [to[1], to[2], to[0]];
    sine = 0;
  } else {
    axis = axis.map((value) => value / sine) as Vector;
  }
  return (point) => {
    const rotated = cross(axis, point);
    const along = dot(axis, point) * (1 - cosine);
    return point.map((value, i) => value * cosine + rotated[i]! * sine + axis[i]! * along) as Vector;
  };
}

const difference = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
