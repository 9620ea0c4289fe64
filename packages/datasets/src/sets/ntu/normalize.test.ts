import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BodyClip } from './mainBodies.js';
import { alignView, center, fitFrames } from './normalize.js';

/** Two persons of so many frames; the second one is absent in the first frame. */
function clipOf(frames: number, value: (person: number, frame: number, i: number) => number): BodyClip {
  const present = Uint8Array.from({ length: 2 * frames }, (_, i) => (i === frames ? 0 : 1));
  const positions = Float32Array.from({ length: 2 * frames * 75 }, (_, i) => {
    const row = Math.floor(i / 75);
    return present[row] === 1 ? value(Math.floor(row / frames), row % frames, i % 75) : 0;
  });
  return { positions, persons: 2, frames, present };
}
/** Any numbers of the size of a scene, so that no two joints are at one place. */
const scene = clipOf(6, (person, frame, i) => Math.sin(1 + 7 * i + 3 * frame) + person + 0.1 * frame);
const joint = ({ positions, frames }: BodyClip, person: number, frame: number, number: number) =>
  positions.subarray(
    (person * frames + frame) * 75 + number * 3,
    (person * frames + frame) * 75 + number * 3 + 3,
  );
const length = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));
const apart = (a: ArrayLike<number>, b: ArrayLike<number>) => length(Array.from(a, (v, i) => v - b[i]!));

describe('center', () => {
  it("moves all bodies so that the first person's spine in the first frame is at the origin", () => {
    const moved = center(scene);
    expect(length(joint(moved, 0, 0, 1))).toBe(0);
    // Distances stay the same, up to rounding to 32 bits.
    expect(apart(joint(moved, 1, 4, 7), joint(moved, 0, 2, 3))).toBeCloseTo(
      apart(joint(scene, 1, 4, 7), joint(scene, 0, 2, 3)),
      5,
    );
    expect([...joint(moved, 1, 0, 5)]).toEqual([0, 0, 0]);
  });
});

describe('alignView', () => {
  it('rotates the shoulders onto x without changing distances', () => {
    const turned = alignView(center(scene));
    const shoulders = Array.from(joint(turned, 0, 0, 8), (v, i) => v - joint(turned, 0, 0, 4)[i]!);
    expect(shoulders[0]).toBeCloseTo(apart(joint(scene, 0, 0, 8), joint(scene, 0, 0, 4)), 5);
    expect(Math.abs(shoulders[1]!) + Math.abs(shoulders[2]!)).toBeLessThan(1e-5);
    expect(apart(joint(turned, 1, 3, 9), joint(turned, 0, 1, 20))).toBeCloseTo(
      apart(joint(scene, 1, 3, 9), joint(scene, 0, 1, 20)),
      5,
    );
  });

  it('rotates the spine onto z when the shoulders are perpendicular to it', () => {
    // Spine along y, right shoulder towards -x: half a turn about the spine is part of it.
    const places: { [number: number]: number[] } = {
      0: [0, 0, 0],
      1: [0, 0.3, 0],
      4: [0.2, 0.5, 0],
      8: [-0.2, 0.5, 0],
    };
    const upright = clipOf(1, (_, __, i) => places[Math.floor(i / 3)]?.[i % 3] ?? 0.1);
    const turned = alignView(upright);
    expect([...joint(turned, 0, 0, 1)].map((v) => Math.round(v * 1e5) / 1e5)).toEqual([0, 0, 0.3]);
    expect(joint(turned, 0, 0, 8)[0]).toBeCloseTo(0.2, 5);
  });
});

describe('fitFrames', () => {
  it('returns the same clip for the same number of frames', () => {
    for (const fit of ['resample', 'pad', 'loop'] as const) expect(fitFrames(scene, 6, fit)).toBe(scene);
  });

  it('pads with zeros, loops, and cuts', () => {
    const padded = fitFrames(scene, 8, 'pad');
    expect([...joint(padded, 0, 5, 2)]).toEqual([...joint(scene, 0, 5, 2)]);
    expect([...joint(padded, 0, 6, 2), ...joint(padded, 1, 7, 2)]).toEqual([0, 0, 0, 0, 0, 0]);
    const looped = fitFrames(scene, 8, 'loop');
    expect([...joint(looped, 1, 7, 2)]).toEqual([...joint(scene, 1, 1, 2)]);
    for (const fit of ['pad', 'loop'] as const) {
      expect([...joint(fitFrames(scene, 4, fit), 1, 3, 9)]).toEqual([...joint(scene, 1, 3, 9)]);
    }
  });

  it('resamples linearly, first and last included, and mixes no body with an absent one', () => {
    const line = clipOf(5, (person, frame) => 10 * person + frame);
    const longer = fitFrames(line, 9, 'resample');
    expect(Array.from({ length: 9 }, (_, i) => joint(longer, 0, i, 0)[0])).toEqual([
      0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4,
    ]);
    // Between absent and 11: the nearer frame, which at half way is the later one.
    expect(Array.from({ length: 4 }, (_, i) => joint(longer, 1, i, 0)[0])).toEqual([0, 11, 11, 11.5]);
    expect([...longer.present.subarray(9, 12)]).toEqual([0, 1, 1]);
  });

  it('stays within the range of its values for any numbers of frames', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 20 }), (frames, count) => {
        const clip = clipOf(frames, (person, frame) => 1 + person + frame);
        const fitted = fitFrames(clip, count, 'resample');
        expect(fitted.positions).toHaveLength(2 * count * 75);
        for (const value of fitted.positions)
          expect(value === 0 || (value >= 1 && value <= 1 + frames)).toBe(true);
        expect(joint(fitted, 0, count - 1, 0)[0]).toBe(count === 1 ? Math.ceil(frames / 2) : frames);
      }),
    );
  });
});
