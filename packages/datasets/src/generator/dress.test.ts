import { describe, expect, it } from 'vitest';
import { dress, held, stool } from './dress.js';
import { posed } from './kinematics.js';
import { standing } from './pose.js';
import { joint } from './skeleton.js';
import { subject } from './subjects.js';
import { mix, norm, subtract, type Vec3 } from './vector.js';

const { body, outfit } = subject(0, 1);
const standingBody = posed(body, standing);

describe('a dressed body', () => {
  it('covers every joint', () => {
    const capsules = dress(standingBody, body, outfit(0));
    standingBody.joints.forEach((at, j) => {
      const depth = capsules.some(({ from, to, radius }) =>
        Array.from({ length: 21 }, (_, i) => i / 20).some(
          (t) => norm(subtract(mix(from, to, t), at)) < radius[0] + (radius[1] - radius[0]) * t + 0.012,
        ),
      );
      expect([j, depth]).toEqual([j, true]);
    });
  });

  it('has the same clothes on the same day, others on another day', () => {
    expect(outfit(4)).toEqual(outfit(1));
    expect(outfit(2).shirt).not.toEqual(outfit(1).shirt);
    expect(outfit(2).skin).toEqual(outfit(1).skin);
  });
});

describe('props', () => {
  const red: Vec3 = [1, 0, 0];
  it('are held in the acting hand', () => {
    for (const prop of ['cup', 'phone'] as const) {
      for (const side of ['left', 'right'] as const) {
        const [thing] = held(prop, standingBody, side, red);
        const hand = standingBody.joints[joint[`${side}Hand`]]!;
        expect(norm(subtract(mix(thing!.from, thing!.to, 0.5), hand))).toBeLessThan(0.06);
        expect(thing!.color).toEqual(red);
      }
    }
    expect(held('stool', standingBody, 'left', red)).toEqual([]);
  });

  it('a stool stands on the floor behind the person, for every heading', () => {
    for (const [heading, behind] of [
      [0, [0, 0.42]],
      [Math.PI / 2, [0.42, 0]],
    ] as const) {
      const parts = stool(red, [0, 0, 0], heading);
      const ends = parts.flatMap(({ from, to }) => [from, to]);
      expect(Math.min(...ends.map(([, y]) => y))).toBeLessThan(0.05);
      for (const [axis, place] of [
        [0, behind[0]],
        [2, behind[1]],
      ] as const) {
        expect(ends.reduce((sum, at) => sum + at[axis], 0) / ends.length).toBeCloseTo(place, 6);
      }
    }
  });
});
