import { ntuBones, ntuMirror, random } from '@amr/internal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { actions } from './actions.js';
import { flexion, jointLimits, posed } from './kinematics.js';
import type { Performance } from './motion.js';
import { mirrored, type Pose, standing } from './pose.js';
import { joint } from './skeleton.js';
import { subject } from './subjects.js';
import { dot, norm, subtract, type Vec3 } from './vector.js';

const lengths = (joints: readonly Vec3[]) => ntuBones.map(([a, b]) => norm(subtract(joints[a]!, joints[b]!)));
const anyMotion = fc.record({
  action: fc.constantFrom(...actions),
  number: fc.integer({ min: 1, max: 40 }),
  take: fc.integer({ min: 0, max: 1000 }),
  role: fc.constantFrom(0 as const, 1 as const),
  side: fc.constantFrom(1 as const, -1 as const),
});
const performance = (number: number, take: number, role: 0 | 1, side: 1 | -1): Performance => {
  const { style } = subject(0, number);
  return {
    random: random('test', take),
    style,
    amplitude: 1.2 * style.amplitude,
    tempo: style.tempo,
    side,
    role,
    gap: 0.95,
  };
};

describe('bodies in motion', () => {
  it('keep their bone lengths and joint limits in every action', () => {
    fc.assert(
      fc.property(anyMotion, ({ action, number, take, role, side }) => {
        const { body, style } = subject(0, number);
        const motion = action.perform(performance(number, take, role, side));
        const own = lengths(posed(body, standing, style.stance).joints);
        for (let moment = 0; moment <= 1; moment += 1 / 16) {
          const pose = side === 1 ? motion(moment) : mirrored(motion(moment));
          const { joints, chest, pelvis, head } = posed(body, pose, style.stance);
          for (const [bone, length] of lengths(joints).entries()) expect(length).toBeCloseTo(own[bone]!, 9);
          for (const s of ['left', 'right'] as const) {
            const bend = (a: string, b: string, c: string) =>
              flexion(
                ...([a, b, c].map((name) => joints[joint[`${s}${name}` as 'leftKnee']]!) as [
                  Vec3,
                  Vec3,
                  Vec3,
                ]),
              );
            within(bend('Shoulder', 'Elbow', 'Wrist'), jointLimits.elbow);
            within(bend('Hip', 'Knee', 'Ankle'), jointLimits.knee);
            // Knees bend forward: the knee is not behind the line from hip to ankle.
            const [hip, knee, ankle] = ['Hip', 'Knee', 'Ankle'].map(
              (n) => joints[joint[`${s}${n}` as 'leftKnee']]!,
            ) as [Vec3, Vec3, Vec3];
            const along = subtract(ankle, hip);
            const off = subtract(
              subtract(knee, hip),
              scaled(along, dot(subtract(knee, hip), along) / dot(along, along)),
            );
            expect(-dot(off, pelvis.back)).toBeGreaterThan(-0.06);
            expect(ankle[1]).toBeGreaterThan(0.02);
          }
          const [tilt, nod] = [angle(pelvis.up, chest.up), angle(chest.up, head.up)];
          expect(tilt).toBeLessThan(jointLimits.bendPitch[1] + jointLimits.bendRoll[1]);
          expect(nod).toBeLessThan(jointLimits.lookPitch[1] + 1e-9);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('clip angles to the limits', () => {
    const { body } = subject(0, 1);
    const twisted: Pose = { ...standing, bend: [3, 0, 0], look: [-3, 0] };
    const { pelvis, chest, head } = posed(body, twisted);
    expect(angle(pelvis.up, chest.up)).toBeCloseTo(jointLimits.bendPitch[1], 6);
    expect(angle(chest.up, head.up)).toBeCloseTo(-jointLimits.lookPitch[0], 6);
  });

  it('bend the elbow at most to its limit, however near the goal is', () => {
    const { body } = subject(0, 1);
    const near: Pose = {
      ...standing,
      right: { ...standing.right, arm: { from: 'shoulder', at: [0, 0, 0.01] } },
    };
    const { joints } = posed(body, near);
    expect(flexion(joints[8]!, joints[9]!, joints[10]!)).toBeCloseTo(jointLimits.elbow[1], 6);
  });

  it('have the mirrored joints in a mirrored pose', () => {
    const { body, style } = subject(0, 3);
    const motion = actions.find(({ name }) => name === 'throw')!.perform(performance(3, 5, 0, 1));
    const partner = Array.from({ length: 25 }, (_, j) => j);
    for (const [a, b] of ntuMirror) [partner[a], partner[b]] = [b, a];
    const there = posed(body, motion(0.5), style.stance).joints;
    const here = posed(body, mirrored(motion(0.5)), style.stance).joints;
    here.forEach(([x, y, z], j) => {
      const [u, v, w] = there[partner[j]!]!;
      for (const [a, b] of [
        [x, -u],
        [y, v],
        [z, w],
      ] as const)
        expect(a).toBeCloseTo(b, 9);
    });
  });

  it('stand on both feet, as tall as their proportions give', () => {
    for (let number = 1; number <= 20; number++) {
      const { body, style } = subject(0, number);
      const { joints } = posed(body, standing, style.stance);
      expect(joints[joint.leftAnkle]![1]).toBeCloseTo(body.ankle, 2);
      const height = joints[joint.head]![1] + 0.12 * body.scale;
      expect(height).toBeGreaterThan(1.4);
      expect(height).toBeLessThan(2.05);
    }
  });
});

it('there is a tree of 24 bones that reaches every joint from the root', () => {
  expect(new Set(ntuBones.map(([child]) => child)).size).toBe(24);
  for (let child = 1; child < 25; child++) {
    let at = child;
    for (let steps = 0; at !== 0 && steps < 25; steps++) at = ntuBones.find(([c]) => c === at)![1];
    expect(at).toBe(0);
  }
});

const within = (value: number, [least, greatest]: readonly [number, number]) => {
  expect(value).toBeGreaterThan(least - 1e-6);
  expect(value).toBeLessThan(greatest + 1e-6);
};
const scaled = ([x, y, z]: Vec3, s: number): Vec3 => [x * s, y * s, z * s];
const angle = (a: Vec3, b: Vec3) => Math.acos(Math.min(1, dot(a, b)));
