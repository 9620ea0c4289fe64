import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framesInTime } from './cropTime.js';
import { type VideoShape, type VideoView, viewVideo } from './videos.js';

const shape: VideoShape = [2, 2, 3, 1];
const video = Float32Array.from({ length: 12 }, (_, i) => i);
const bytes = Uint8Array.from(video);

function viewed(
  values: Float32Array | Uint8Array,
  [frames, height, width, channels]: VideoShape,
  view: Partial<VideoView>,
): number[] {
  const all = { frames: Array.from({ length: frames }, (_, i) => i), ...view };
  const pixels = view.window ? view.window.size ** 2 : height * width;
  const into = new Float32Array(all.frames.length * pixels * channels);
  viewVideo(values, [frames, height, width, channels], all, into);
  return Array.from(into);
}

describe('viewVideo', () => {
  it('mirrors frames', () => {
    expect(viewed(video, shape, { mirrored: true })).toEqual([2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9]);
    const colored = Float32Array.of(1, 2, 3, 4, 5, 6);
    expect(viewed(colored, [1, 1, 2, 3], { mirrored: true })).toEqual([4, 5, 6, 1, 2, 3]);
  });

  it('moves frames right and down and repeats the edges', () => {
    expect(viewed(video, shape, { right: 1 })).toEqual([0, 0, 1, 3, 3, 4, 6, 6, 7, 9, 9, 10]);
    expect(viewed(video, shape, { down: -1 })).toEqual([3, 4, 5, 3, 4, 5, 9, 10, 11, 9, 10, 11]);
    expect(viewed(video, shape, { right: 99, down: 99 })).toEqual([0, 0, 0, 0, 0, 0, 6, 6, 6, 6, 6, 6]);
  });

  it('crops time by repeating the nearest frame', () => {
    const frames = Float32Array.of(0, 1, 2, 3, 4);
    const cropped = (from: number, to: number) =>
      viewed(frames, [5, 1, 1, 1], { frames: framesInTime(5, from, to) });
    expect(cropped(0.5, 1)).toEqual([2, 3, 3, 4, 4]);
    expect(cropped(0, 1)).toEqual([0, 1, 2, 3, 4]);
  });

  it('clips brightened values to the range, for bytes and for floats', () => {
    const range = [0, 1] as const;
    expect(viewed(Float32Array.of(0, 0.5, 0.75), [1, 1, 3, 1], { gain: 1.5, range })).toEqual([0, 0.75, 1]);
    expect(viewed(Uint8Array.of(0, 2, 3), [1, 1, 3, 1], { gain: 1.5, range, scale: 0.25 })).toEqual([
      0, 0.75, 1,
    ]);
  });

  it('crops to a square', () => {
    expect(viewed(video, shape, { window: { left: 1, top: 0, size: 2 } })).toEqual([
      1, 2, 4, 5, 7, 8, 10, 11,
    ]);
    const all = { left: 0, top: 0, size: 3 };
    const square: VideoShape = [1, 3, 3, 1];
    const numbers = Float32Array.from({ length: 9 }, (_, i) => i);
    expect(viewed(numbers, square, { window: all })).toEqual(Array.from(numbers));
  });

  it('rolls about the centre, counter-clockwise', () => {
    const square = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
    const quarter = viewed(square, [1, 3, 3, 1], { angle: Math.PI / 2 });
    [3, 6, 9, 2, 5, 8, 1, 4, 7].forEach((value, i) => {
      expect(quarter[i]).toBeCloseTo(value, 5);
    });
  });

  it('enlarges about the centre', () => {
    const ramp = Float32Array.from({ length: 25 }, (_, i) => i % 5);
    const twice = viewed(ramp, [1, 5, 5, 1], { zoom: 2 });
    expect(twice.slice(0, 5)).toEqual([1, 1.5, 2, 2.5, 3]);
    const half = viewed(ramp, [1, 5, 5, 1], { zoom: 0.5 });
    expect(half.slice(10, 15)).toEqual([0, 0, 2, 4, 4]);
  });

  it('gives the same for bytes and floats', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.constantFrom(0, 0.4),
        fc.constantFrom(1, 1.3),
        fc.integer({ min: -3, max: 3 }),
        fc.constantFrom(1, 1.2),
        (mirrored, angle, zoom, right, gain) => {
          const view = { mirrored, angle, zoom, right, gain, range: [0, 12] as const };
          const floats = viewed(video, shape, view);
          viewed(bytes, shape, { ...view, range: [0, 6], scale: 0.5 }).forEach((value, i) => {
            expect(value).toBeCloseTo(floats[i]! / 2, 5);
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('gives the original after two mirrors', () => {
    const once = Float32Array.from(viewed(video, shape, { mirrored: true }));
    expect(viewed(once, shape, { mirrored: true })).toEqual(Array.from(video));
  });
});
