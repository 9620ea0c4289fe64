import { normal, values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { ThreatModelError } from '../../errors.js';
import { allOf } from './allOf.js';
import { type Mask, maskOn } from './maskOn.js';
import { onlyFrames } from './onlyFrames.js';
import { onlyJoints } from './onlyJoints.js';
import { onlyPatch } from './onlyPatch.js';
import { onlyPresent } from './onlyPresent.js';

const skeleton = () => normal([2, 2, 3, 4, 3], 1); // batch, persons, frames, joints, coordinates
const clip = () => normal([2, 3, 4, 5, 2], 2); // batch, frames, height, width, channels

/** The indices where a mask is 1, in the input's shape. */
const free = (mask: Mask, x: tf.Tensor) => {
  const all = tf.tidy(() => values(maskOn(mask, x, 'mask')));
  const strides = x.shape.map((_, axis) => x.shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  return all.flatMap((value, i) =>
    value === 1 ? [strides.map((stride, axis) => Math.floor(i / stride) % x.shape[axis]!)] : [],
  );
};

describe('masks', () => {
  const cases: [string, Mask, () => tf.Tensor, (place: number[]) => boolean][] = [
    ['joints', onlyJoints([0, 3]), skeleton, ([, , , joint]) => joint === 0 || joint === 3],
    ['joints on another axis', onlyJoints([1], { axis: 1 }), skeleton, ([, joint]) => joint === 1],
    ['frames', onlyFrames([2, 0]), clip, ([, frame]) => frame !== 1],
    ['frames from', onlyFrames({ from: 1 }), clip, ([, frame]) => frame! >= 1],
    ['frames to', onlyFrames({ to: 2 }, { axis: -3 }), skeleton, ([, , frame]) => frame! < 2],
    [
      'a patch',
      onlyPatch({ top: 1, left: 2, height: 3, width: 2 }),
      clip,
      ([, , row, column]) => row! >= 1 && row! < 4 && column! >= 2 && column! < 4,
    ],
    [
      'a patch, channels first',
      onlyPatch({ top: 0, left: 1, height: 1, width: 1, axes: { height: -2, width: -1 } }),
      clip,
      ([, , , row, column]) => row === 0 && column === 1,
    ],
    [
      'the intersection',
      allOf(onlyJoints([1, 2]), onlyFrames([0], { axis: 2 })),
      skeleton,
      ([, , frame, joint]) => frame === 0 && (joint === 1 || joint === 2),
    ],
  ];
  it.each(cases)('leave free: %s', (_, mask, make, expected) => {
    const x = make();
    const places = free(mask, x);
    expect(places.length).toBe(free((y) => tf.onesLike(y), x).filter(expected).length);
    expect(places.every(expected)).toBe(true);
  });

  it('find the present bodies and frames, each row by itself', () => {
    const present = [1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1]; // [2, 2, 3]: batch, persons, frames
    const x = tf.mul(skeleton(), tf.tensor(present, [2, 2, 3, 1, 1]));
    expect(values(onlyPresent()(x))).toEqual(present);
    const channelsFirst = tf.transpose(x, [0, 4, 2, 3, 1]);
    const mask = onlyPresent({ coordinates: 1, frames: 2, joints: 3 })(channelsFirst);
    expect(mask.shape).toEqual([2, 1, 3, 1, 2]);
    expect(values(tf.transpose(mask, [0, 4, 2, 3, 1]))).toEqual(present);
  });

  it('count a body as present when a single coordinate is not zero', () => {
    const x = tf.tensor([0, 0, 0, 1e-20, 0, 0, 0, 0], [1, 2, 2, 2]);
    expect(values(onlyPresent()(x))).toEqual([1, 0]);
  });

  it('leak nothing', () => {
    const [x, y] = [skeleton(), clip()];
    const before = tf.memory().numTensors;
    allOf(onlyPresent(), onlyJoints([1]))(x).dispose();
    onlyPatch({ top: 0, left: 0, height: 1, width: 1 })(y).dispose();
    onlyFrames({ to: 1 })(y).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    [
      onlyJoints([4]),
      /^onlyJoints\.joints: got 4; expected whole numbers from 0 to 3, as axis 3 .*\[2, 2, 3, 4, 3\], has 4\.$/,
    ],
    [onlyJoints([-1]), /^onlyJoints\.joints: got -1/],
    [onlyJoints([0.5]), /^onlyJoints\.joints: got 0\.5/],
    [onlyJoints([0], { axis: 5 }), /^onlyJoints\.axis: got 5; .*from 1 to 4/],
    [onlyJoints([0], { axis: 0 }), /^onlyJoints\.axis: got 0; .*0 is the batch/],
    [onlyFrames([3], { axis: -3 }), /^onlyFrames\.frames: got 3; .* as axis 2/],
    [onlyFrames({ from: 2, to: 2 }), /^onlyFrames\.frames: got \[2, 2\]; .*0 <= from < to <= 2/],
    [onlyFrames({ to: 9 }, { axis: 2 }), /^onlyFrames\.frames: got \[0, 9\]; .* to <= 3/],
    [
      onlyPatch({ top: 2, left: 0, height: 2, width: 1 }),
      /^onlyPatch\.height: got 2; expected a whole number from 1 to 1 with a start at 2, as axis 2 .* has 3\.$/,
    ],
    [onlyPatch({ top: 0, left: 0, height: 0, width: 1 }), /^onlyPatch\.height: got 0/],
    [onlyPatch({ top: 0, left: 0.5, height: 1, width: 1 }), /^onlyPatch\.left: got 0\.5/],
    [onlyPresent({ frames: 1, joints: 1 }), /^onlyPresent: got \[1, 1, -1\]; expected different axes/],
    [
      allOf((x) => tf.zeros([x.shape[0]! + 1, 1, 1, 1, 1])),
      /^allOf\.masks\[0\]: got a tensor of shape \[3, 1, 1, 1, 1\]; expected a tensor of the input's shape/,
    ],
  ])('refuse what the input does not have', (mask, message) => {
    const x = skeleton();
    const before = tf.memory().numTensors;
    expect(() => tf.tidy(() => mask(x))).toThrow(ThreatModelError);
    expect(() => tf.tidy(() => mask(x))).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each<[() => unknown, RegExp]>([
    [() => onlyJoints([1], { axes: -2 } as never), /^onlyJoints\.axes: .*; expected axis\. Rename it\.$/],
    [() => onlyFrames([1], { frames: 2 } as never), /^onlyFrames\.frames: got an unknown option/],
    [() => onlyFrames({ form: 1 } as never), /^onlyFrames\.frames\.form: .*; expected from\. Rename it\.$/],
    [() => onlyPresent({ joint: 2 } as never), /^onlyPresent\.joint: .*; expected joints\. Rename it\.$/],
    [
      () => onlyPatch({ top: 0, left: 0, height: 1, width: 1, axis: 1 } as never),
      /^onlyPatch\.axis: .*; expected axes\. Rename it\.$/,
    ],
    [
      () => onlyPatch({ top: 0, left: 0, height: 1, width: 1, axes: { depth: 1 } as never }),
      /^onlyPatch\.axes\.depth: got an unknown option; expected one of height, width/,
    ],
  ])('refuse unknown options when they are made', (make, message) => {
    expect(make).toThrow(ThreatModelError);
    expect(make).toThrow(message);
  });
});
