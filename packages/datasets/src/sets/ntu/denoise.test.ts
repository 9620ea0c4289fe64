import { describe, expect, it } from 'vitest';
import { type BodyTrack, motionOf } from './bodyTrack.js';
import { checkDenoiseOptions, denoise } from './denoise.js';

/** A body of so many frames whose joints span `width` by `height` metres, and that moves by `step` metres a frame. */
function track(id: string, frames: number, width: number, height: number, step = 0): BodyTrack {
  const positions = Float32Array.from({ length: frames * 75 }, (_, i) => {
    const [frame, joint, axis] = [Math.floor(i / 75), Math.floor(i / 3) % 25, i % 3];
    if (axis === 0) return (width * joint) / 24 + step * frame;
    return axis === 1 ? (height * joint) / 24 : 3;
  });
  return {
    id,
    frames: Int32Array.from({ length: frames }, (_, i) => i),
    positions,
    motion: motionOf(positions),
  };
}
const ids = (tracks: BodyTrack[]) => tracks.map(({ id }) => id);
const defaults = checkDenoiseOptions();

describe('denoise', () => {
  const person = track('person', 60, 0.6, 1.7, 0.01);

  it('removes bodies of 11 frames or fewer', () => {
    expect(ids(denoise([person, track('11', 11, 0.6, 1.7), track('12', 12, 0.6, 1.7)], defaults))).toEqual([
      'person',
      '12',
    ]);
    expect(ids(denoise([person, track('11', 11, 0.6, 1.7)], { ...defaults, length: false }))).toEqual([
      'person',
      '11',
    ]);
  });

  it('keeps the longest body when all are short, and a single body', () => {
    expect(ids(denoise([track('5', 5, 0.6, 1.7), track('9', 9, 0.6, 1.7)], defaults))).toEqual(['9']);
    expect(ids(denoise([track('alone', 3, 2, 0.5)], defaults))).toEqual(['alone']);
  });

  it('removes bodies that are wider than 0.8 of their height in most frames', () => {
    expect(ids(denoise([person, track('sofa', 60, 2, 0.8)], defaults))).toEqual(['person']);
    // Just below the bound.
    expect(ids(denoise([person, track('square', 60, 0.79 * 1.5, 1.5)], defaults))).toEqual([
      'person',
      'square',
    ]);
    expect(ids(denoise([person, track('sofa', 60, 2, 0.8)], { ...defaults, spread: false }))).toHaveLength(2);
  });

  it('measures the motion of kept bodies on the frames that are not too wide', () => {
    const sometimes = track('sometimes', 60, 0.6, 1.7);
    // 20 of 60 frames, a third and so fewer than 0.69754, with the arms out, and far away.
    for (let i = 0; i < 20 * 75; i += 3) sometimes.positions[i] = sometimes.positions[i]! * 4 + 5;
    const before = { ...sometimes, motion: motionOf(sometimes.positions) };
    const [, after] = denoise([person, before], defaults);
    expect(after!.motion).toBeCloseTo(motionOf(sometimes.positions.subarray(20 * 75)), 6);
    expect(after!.motion).toBeLessThan(before.motion / 2);
  });

  it('has a filter for motion, off by default, that never removes the body that moves most', () => {
    const [still, fast] = [track('still', 60, 0.1, 0.2), track('fast', 60, 0.6, 1.7, 0.2)];
    expect(ids(denoise([person, still, fast], defaults))).toEqual(['person', 'still', 'fast']);
    const filtered = denoise([person, still, fast], checkDenoiseOptions({ motion: true }));
    expect(fast.motion).toBeGreaterThan(2);
    expect(still.motion).toBeLessThan(0.089925);
    expect(ids(filtered)).toEqual(['person', 'fast']);
  });

  it.each([
    [{ length: -1 }, /skeleton\.denoise\.length: got -1/],
    [{ spread: { share: 2 } }, /skeleton\.denoise\.spread\.share: got 2/],
    [
      { motion: [2, 1] as const },
      /skeleton\.denoise\.motion: got \[2, 1\]; expected the smallest and the largest/,
    ],
  ])('refuses %j', (options, message) => {
    expect(() => checkDenoiseOptions(options)).toThrow(message);
  });
});
