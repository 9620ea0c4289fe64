import { expect, it } from 'vitest';
import { brightenVideo, cropVideoTime, mirrorVideo, shiftVideo, type VideoShape } from './videos.js';

const shape: VideoShape = [2, 2, 3, 1];
const video = Float32Array.from({ length: 12 }, (_, i) => i);

it('mirrors frames', () => {
  expect(Array.from(mirrorVideo(video, shape))).toEqual([2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9]);
  const coloured = Float32Array.of(1, 2, 3, 4, 5, 6);
  expect(Array.from(mirrorVideo(coloured, [1, 1, 2, 3]))).toEqual([4, 5, 6, 1, 2, 3]);
});

it('moves frames right and down and repeats the edges', () => {
  expect(Array.from(shiftVideo(video, shape, 1, 0))).toEqual([0, 0, 1, 3, 3, 4, 6, 6, 7, 9, 9, 10]);
  expect(Array.from(shiftVideo(video, shape, 0, -1))).toEqual([3, 4, 5, 3, 4, 5, 9, 10, 11, 9, 10, 11]);
  expect(Array.from(shiftVideo(video, shape, 99, 99))).toEqual([0, 0, 0, 0, 0, 0, 6, 6, 6, 6, 6, 6]);
});

it('crops time by repeating the nearest frame', () => {
  const frames = Float32Array.of(0, 1, 2, 3, 4);
  expect(Array.from(cropVideoTime(frames, [5, 1, 1, 1], 0.5, 1))).toEqual([2, 3, 3, 4, 4]);
  expect(Array.from(cropVideoTime(frames, [5, 1, 1, 1], 0, 1))).toEqual([0, 1, 2, 3, 4]);
});

it('stays in its range when brightened', () => {
  expect(Array.from(brightenVideo(Float32Array.of(0, 0.5, 0.75), 1.5, [0, 1]))).toEqual([0, 0.75, 1]);
});
