import { evenlySpaced } from '@amr/internal';
import { describe, expect, it } from 'vitest';
import { actions } from './actions.js';
import { focalLength } from './camera.js';
import { type ClipSpec, clip } from './clip.js';
import { joint } from './skeleton.js';
import type { Vec3 } from './vector.js';

const spec: ClipSpec = {
  seed: 0,
  action: 0,
  performance: 1,
  subject: 1,
  subjects: 8,
  angle: 0,
  view: 1,
  frames: { skeleton: 32, rgb: 16 },
  resolution: 64,
  noise: 0,
  clutter: 0,
};
const number = (name: string) => actions.findIndex((action) => action.name === name);

/** Whether a joint falls on something that differs from what is at the edge of its row: bare walls are even. */
function onBody(rgb: Uint8Array, frame: number, side: number, [x, y, z]: Vec3): boolean {
  const column = Math.floor(side * (0.5 + (focalLength * x) / z));
  const row = Math.floor(side * (0.5 - (focalLength * y) / z));
  if (column < 0 || row < 0 || column >= side || row >= side) return false;
  const at = ((frame * side + row) * side + column) * 3;
  const edge = (frame * side + row) * side * 3;
  return [0, 1, 2].some((c) => Math.abs(rgb[at + c]! - rgb[edge + c]!) > 16);
}

describe('a clip', () => {
  it('shows the body at the place of the skeleton at each moment', () => {
    let [all, hits, moving, now, later] = [0, 0, 0, 0, 0];
    const frames = evenlySpaced(32, 16);
    const hands = [joint.leftWrist, joint.leftHand, joint.rightWrist, joint.rightHand] as number[];
    for (const [i, name] of ['wave', 'kick', 'throw', 'circle clockwise', 'punch', 'hop'].entries()) {
      const angle = (((i % 3) - 1) * Math.PI) / 4;
      const { rgb, truth } = clip({ ...spec, action: number(name), subject: i + 1, angle, view: i });
      frames.forEach((moment, frame) => {
        truth[0]![moment]!.forEach((at, j) => {
          all++;
          if (onBody(rgb, frame, 64, at)) hits++;
          if (!hands.includes(j)) return;
          moving++;
          if (onBody(rgb, frame, 64, at)) now++;
          if (onBody(rgb, frame, 64, truth[0]![(moment + 8) % 32]![j]!)) later++;
        });
      });
    }
    expect(hits / all).toBeGreaterThan(0.9);
    expect(now / moving).toBeGreaterThan(0.85);
    expect(later / moving).toBeLessThan(now / moving - 0.15);
  });

  it('is the same for the same spec, and differs for another performance, subject, seed or view', () => {
    const noisy = { ...spec, noise: 1, clutter: 1, resolution: 16 };
    const { rgb, skeletons } = clip(noisy);
    const again = clip(noisy);
    expect(again.rgb).toEqual(rgb);
    expect(again.skeletons).toEqual(skeletons);
    for (const change of [{ performance: 2 }, { subject: 2 }, { seed: 1 }, { view: 2 }, { action: 1 }]) {
      const other = clip({ ...noisy, ...change });
      expect(other.rgb).not.toEqual(rgb);
      expect(other.skeletons).not.toEqual(skeletons);
    }
  });

  it('has the same motion for every camera, resolution and noise', () => {
    const other = clip({ ...spec, noise: 1, clutter: 1, resolution: 16 });
    expect(other.truth).toEqual(clip({ ...spec, resolution: 8 }).truth);
    expect(other.skeletons).not.toEqual(other.truth);
  });

  it('has sensor noise of centimetres, none at strength 0, more at the hands than at the trunk', () => {
    expect(clip(spec).skeletons).toEqual(clip(spec).truth);
    const errors = new Array<number>(25).fill(0);
    const takes = 12;
    for (let performance = 1; performance <= takes; performance++) {
      const { skeletons, truth } = clip({ ...spec, performance, noise: 1, resolution: 4 });
      for (let frame = 0; frame < 32; frame++) {
        for (let j = 0; j < 25; j++) {
          const [a, b] = [skeletons[0]![frame]![j]!, truth[0]![frame]![j]!];
          errors[j]! += Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]) / (32 * takes);
        }
      }
    }
    for (const error of errors) {
      expect(error).toBeGreaterThan(0.005);
      expect(error).toBeLessThan(0.12);
    }
    expect(errors[joint.rightHandTip]).toBeGreaterThan(1.5 * errors[joint.spineMiddle]!);
  });

  it('turns the person, not the room, with the camera angle', () => {
    const width = (angle: number) => {
      const first = clip({ ...spec, angle, resolution: 4 }).truth[0]![0]!;
      return first[joint.rightShoulder]![0] - first[joint.leftShoulder]![0];
    };
    // Facing the camera, the right shoulder has the greater x, as Kinect gives it; from the side the shoulders are in line.
    expect(width(0)).toBeGreaterThan(0.25);
    expect(Math.abs(width(Math.PI / 2))).toBeLessThan(0.16);
    expect(width(Math.PI)).toBeLessThan(-0.25);
  });

  it('brings the hands of two persons together', () => {
    const { truth } = clip({ ...spec, action: number('handshake') });
    const nearest = Math.min(
      ...truth[0]!.map((joints, frame) =>
        Math.min(
          ...(['left', 'right'] as const).map((side) => {
            const [a, b] = [joints[joint[`${side}Hand`]]!, truth[1]![frame]![joint[`${side}Hand`]]!];
            return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
          }),
        ),
      ),
    );
    expect(nearest).toBeLessThan(0.2);
  });
});
