import { describe, expect, it } from 'vitest';
import { fitKeypoints } from './fitKeypoints.js';
import { inPictureHeights } from './pictureHeights.js';

describe('fitKeypoints', () => {
  // Two points: one is found throughout, the other one in the middle frame only.
  const values = Float32Array.of(0, 0, 1, 0, 0, 0, /**/ 2, 4, 0.5, 5, 6, 0.7, /**/ 4, 8, 1, 0, 0, 0);
  const clip = { values, persons: 1, frames: 3, joints: 2 };
  const fit = (count: number, how: 'resample' | 'pad' | 'loop') => [...fitKeypoints(clip, count, how)];
  const seen = Math.fround(0.7);

  it('interpolates points found in both frames, and copies the nearer frame otherwise', () => {
    expect(fit(3, 'resample')).toEqual([...values]);
    expect(fit(1, 'resample')).toEqual([...values.subarray(6, 12)]);
    expect(fit(5, 'resample')).toEqual([
      ...[0, 0, 1, 0, 0, 0],
      ...[1, 2, 0.75, 5, 6, seen], // half way, the later frame
      ...[2, 4, 0.5, 5, 6, seen],
      ...[3, 6, 0.75, 0, 0, 0],
      ...[4, 8, 1, 0, 0, 0],
    ]);
  });

  it('pads with zeros, loops, and cuts', () => {
    expect(fit(4, 'pad')).toEqual([...values, 0, 0, 0, 0, 0, 0]);
    expect(fit(4, 'loop')).toEqual([...values, ...values.subarray(0, 6)]);
    expect(fit(2, 'pad')).toEqual([...values.subarray(0, 12)]);
    expect(fit(2, 'loop')).toEqual([...values.subarray(0, 12)]);
  });

  it('keeps persons apart', () => {
    const two = { values, persons: 3, frames: 1, joints: 2 };
    expect([...fitKeypoints(two, 2, 'resample')].slice(12, 24)).toEqual([
      ...values.subarray(6, 12),
      ...values.subarray(6, 12),
    ]);
  });
});

describe('inPictureHeights', () => {
  const size = { width: 1280, height: 720 };
  it('has its origin in the middle, x to the right and y up', () => {
    expect(inPictureHeights(640, 360, 0.5, size)).toEqual([0, 0, 0.5]);
    expect(inPictureHeights(1280, 0, 1, size)).toEqual([640 / 720, 0.5, 1]);
    expect(inPictureHeights(0, 720, 1.001, size)).toEqual([-640 / 720, -0.5, 1]);
  });

  it.each([0, -1, Number.NaN])('is all zero for a point of score %s', (score) => {
    expect(inPictureHeights(3, 4, score, size)).toEqual([0, 0, 0]);
  });

  it('is all zero for a point that is not finite', () => {
    expect(inPictureHeights(Number.NaN, 4, 1, size)).toEqual([0, 0, 0]);
  });
});
