import { ntuMirror, random } from '@amr/internal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { focalLength } from '../generator/camera.js';
import { augmentation } from './augmentation.js';
import type { AugmentationOptions } from './augmentationOptions.js';
import type { AugmentedModality } from './modalityTransforms.js';

const side = 64;
const classes = ['a', 'b'];
const rgb: AugmentedModality = { shape: [1, side, side, 1], kind: 'video', unit: 'intensity' };
const skeleton: AugmentedModality = { shape: [1, 1, 25, 3], kind: 'skeleton', unit: 'metres' };
const keypoints: AugmentedModality = { shape: [1, 1, 2, 3], kind: 'keypoints', unit: 'picture heights' };
const series: AugmentedModality = { shape: [5, 2], kind: 'series', unit: 'g' };

/** A body some metres away, and where its joint `marked` is seen, in pixels. */
function scene(seed: number, marked: number) {
  const r = random('scene', seed);
  const [x, y, z] = [r.uniform(-0.5, 0.5), r.uniform(-0.5, 0.5), r.uniform(2.5, 3.5)];
  const joints = Float32Array.from({ length: 75 }, (_, i) => [x, y, z][i % 3]! + r.uniform(-0.2, 0.2));
  return { joints, pixel: project(joints, marked) };
}
const project = (joints: Float32Array, joint: number) => {
  const [x, y, z] = joints.subarray(joint * 3, joint * 3 + 3);
  return [
    side * (0.5 + (focalLength * x!) / z!) - 0.5,
    side * (0.5 - (focalLength * y!) / z!) - 0.5,
  ] as const;
};
/** A picture with a soft spot at a place; frames that are sampled bilinearly keep its centre. */
const spot = ([column, row]: readonly [number, number]) =>
  Float32Array.from({ length: side * side }, (_, i) =>
    Math.exp(-(((i % side) - column) ** 2 + (Math.floor(i / side) - row) ** 2) / 8),
  );
function centerOf(picture: Float32Array) {
  const width = Math.sqrt(picture.length);
  let [sum, column, row] = [0, 0, 0];
  picture.forEach((value, i) => {
    sum += value;
    column += value * (i % width);
    row += value * Math.floor(i / width);
  });
  return [column / sum, row / sum] as const;
}
function transformed(options: AugmentationOptions, id: string, joints: Float32Array, picture: Float32Array) {
  const { modalities, transform } = augmentation({ rgb, skeleton }, classes, options);
  const { apply } = transform(id, 0);
  const into = (name: string) =>
    new Float32Array(modalities[name]!.shape.reduce((product, axis) => product * axis, 1));
  const [newJoints, newPicture] = [into('skeleton'), into('rgb')];
  apply('skeleton', joints, newJoints);
  apply('rgb', picture, newPicture);
  return { joints: newJoints, picture: newPicture };
}

describe('augmentation', () => {
  it('keeps a joint on its pixel when both modalities are mirrored, rolled and enlarged', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 24 }), (seed, marked) => {
        const { joints, pixel } = scene(seed, marked);
        const options: AugmentationOptions = { mirror: 0.5, roll: 20, zoom: 0.15 };
        const after = transformed(options, String(seed), joints, spot(pixel));
        const mirrored = isMirrored(joints, after.joints);
        const partner = mirrored ? (partnerOf.get(marked) ?? marked) : marked;
        const [column, row] = project(after.joints, partner);
        const far = Math.hypot(column - side / 2, row - side / 2);
        if (far > side / 2 - 8) return; // Part of the spot has left the picture.
        const [seenColumn, seenRow] = centerOf(after.picture);
        // zoom * relief / distance of the way to the centre, and 0.3 pixels for the spot's sampling.
        const tolerance = 0.3 + (far * 0.15 * 0.4) / 2.3;
        expect(Math.hypot(column - seenColumn, row - seenRow)).toBeLessThan(tolerance);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps a joint on its pixel exactly when nothing is enlarged', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const { joints, pixel } = scene(seed, 3);
        if (Math.hypot(pixel[0] - side / 2, pixel[1] - side / 2) > side / 2 - 8) return;
        const after = transformed({ roll: 30 }, String(seed), joints, spot(pixel));
        const [column, row] = project(after.joints, 3);
        const [seenColumn, seenRow] = centerOf(after.picture);
        expect(Math.hypot(column - seenColumn, row - seenRow)).toBeLessThan(0.1);
      }),
      { numRuns: 30 },
    );
  });

  it('crops all frames at one place, random or the centre, and leaves skeletons', () => {
    const numbers = Float32Array.from({ length: side * side }, (_, i) => i);
    const joints = scene(1, 0).joints;
    const places = new Set<number>();
    for (let i = 0; i < 30; i++) {
      const { picture, joints: same } = transformed({ crop: { size: 32 } }, String(i), joints, numbers);
      const [first] = picture;
      places.add(first!);
      expect(first! % side).toBeLessThanOrEqual(32);
      expect(picture[33]).toBe(first! + side + 1);
      expect(same).toEqual(joints);
    }
    expect(places.size).toBeGreaterThan(20);
    const centered = transformed({ crop: { size: 32, place: 'center' } }, 'any', joints, numbers);
    expect(centered.picture[0]).toBe(16 * side + 16);
  });

  it('mirrors, rolls and enlarges key points about the centre of the picture, with their scores', () => {
    const point = Float32Array.of(0.2, 0.1, 0.9, 0, 0, 0);
    const change = (options: AugmentationOptions, id = 'a') => {
      const into = new Float32Array(6);
      const all = { mirrorJoints: [[0, 1]] as const, ...options };
      augmentation({ keypoints }, classes, all).transform(id, 0).apply('keypoints', point, into);
      return into;
    };
    expect(change({ mirror: 1 })).toEqual(Float32Array.of(0, 0, 0, -0.2, 0.1, 0.9));
    for (const id of 'abcdef') {
      const [x, y, score, ...absent] = change({ roll: 90 }, id);
      expect(Math.hypot(x!, y!)).toBeCloseTo(Math.hypot(0.2, 0.1), 5);
      expect(score).toBe(Math.fround(0.9));
      expect(absent).toEqual([0, 0, 0]);
      const [u, v] = change({ zoom: 0.3 }, id);
      expect(u! / v!).toBeCloseTo(2, 4);
      expect(Math.abs(u! / 0.2 - 1)).toBeLessThanOrEqual(0.3);
    }
  });

  it('rolls key points as it rolls skeletons', () => {
    const joints = Float32Array.from({ length: 75 }, (_, i) => [0.2, 0.1, 3][i % 3]!);
    const into = new Float32Array(75);
    const points = new Float32Array(6);
    const change = augmentation({ skeleton, keypoints }, classes, { roll: 45 }).transform('a', 0);
    change.apply('skeleton', joints, into);
    change.apply('keypoints', Float32Array.of(0.2, 0.1, 1, 0.2, 0.1, 1), points);
    expect(points[0]).toBeCloseTo(into[0]!, 6);
    expect(points[1]).toBeCloseTo(into[1]!, 6);
  });

  it('crops series in time, and mirrors them only with mirrorSeries', () => {
    const line = Float32Array.of(0, 10, 1, 11, 2, 12, 3, 13, 4, 14);
    expect(() => augmentation({ series }, classes, { mirror: 0.5 })).toThrow(
      /mirrorSeries\.series: got undefined; .*how the sensor was worn.*Give mirrorSeries/,
    );
    expect(() => augmentation({ series }, classes, { mirror: 1, mirrorSeries: { series: [1] } })).toThrow(
      /mirrorSeries\.series: got \[1\]; expected 2 numbers, each 1 or -1/,
    );
    const into = new Float32Array(10);
    augmentation({ series }, classes, { mirror: 1, mirrorSeries: { series: [-1, 1] } })
      .transform('a', 0)
      .apply('series', line, into);
    expect(into).toEqual(Float32Array.of(-0, 10, -1, 11, -2, 12, -3, 13, -4, 14));
    augmentation({ series }, classes, { cropTime: 0.5 }).transform('a', 0).apply('series', line, into);
    const [first, last] = [into[0]!, into[8]!];
    expect(last - first).toBeLessThan(4);
    for (let i = 0; i < 10; i += 2) {
      expect(into[i]).toBeCloseTo(first + ((last - first) * i) / 8, 5);
      expect(into[i + 1]! - into[i]!).toBeCloseTo(10, 5);
    }
  });

  it('depends on seed, epoch and id alone', () => {
    const { joints, pixel } = scene(5, 0);
    const options: AugmentationOptions = { roll: 20, zoom: 0.2, mirror: 0.5, crop: { size: 16 }, shift: 3 };
    const once = transformed(options, 'x', joints, spot(pixel));
    expect(transformed(options, 'x', joints, spot(pixel))).toEqual(once);
    expect(transformed(options, 'y', joints, spot(pixel))).not.toEqual(once);
    expect(transformed({ ...options, seed: 1 }, 'x', joints, spot(pixel))).not.toEqual(once);
  });

  it.each<[AugmentationOptions, RegExp]>([
    [
      { rotations: 5 } as AugmentationOptions,
      /augmentation\.rotations: got an unknown option; expected rotation\./,
    ],
    [{ crop: { side: 5 } as never }, /crop\.side: got an unknown option/],
    [{ zoom: 1 }, /zoom: got 1; expected a number from 0 to 0.9/],
    [{ roll: -1 }, /roll: got -1; expected a number from 0 to 180/],
    [{ crop: { size: 65 } }, /crop\.size: got 65; expected at most the frames of 'rgb', 64 x 64/],
    [{ crop: { size: 1.5 } }, /crop\.size: got 1.5; expected a whole number from 1/],
    [
      { crop: { size: 2, place: 'left' as 'center' } },
      /crop\.place: got 'left'; expected one of random, center/,
    ],
  ])('refuses %j', (options, reason) => {
    expect(() => augmentation({ rgb }, classes, options)).toThrow(reason);
  });
});

const partnerOf = new Map(
  ntuMirror.flatMap(([a, b]) => [
    [a, b],
    [b, a],
  ]),
);
/** Only a mirror changes the sign of the volume that four joints span. */
function isMirrored(before: Float32Array, after: Float32Array): boolean {
  // Joints in the middle of the body, which a mirror doesn't swap.
  const volume = (joints: Float32Array) => {
    const [a, b, c] = [1, 2, 3].map((joint) =>
      [0, 1, 2].map((axis) => joints[joint * 3 + axis]! - joints[axis]!),
    ) as [number[], number[], number[]];
    return (
      a[0]! * (b[1]! * c[2]! - b[2]! * c[1]!) -
      a[1]! * (b[0]! * c[2]! - b[2]! * c[0]!) +
      a[2]! * (b[0]! * c[1]! - b[1]! * c[0]!)
    );
  };
  return Math.sign(volume(before)) !== Math.sign(volume(after));
}
