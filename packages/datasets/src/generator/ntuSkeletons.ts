import type { Random } from '@amr/internal';
import { bodyFields, jointCount, jointFields, type SkeletonBody } from '../sets/ntu/skeletonFile.js';
import { focalLength } from './camera.js';
import { joint } from './skeleton.js';
import type { Vec3 } from './vector.js';

/** The bodies of a clip as the sensor gives them, from frame `before` on. */
export function bodiesOf(
  { skeletons, truth }: { skeletons: Vec3[][][]; truth: Vec3[][][] },
  before: number,
  random: Random,
): SkeletonBody[] {
  const first = random.integer(9000);
  return skeletons.map((frames, place) => ({
    ...emptyBody(first + 7 * place, before, frames.length, place),
    ...measured(frames, (frame, j) => isFar(frames[frame]![j]!, truth[place]![frame]![j]!)),
  }));
}

/** A false detection for some frames: random limbs at a place behind the scene. */
export function falseBody(before: number, frames: number, place: number, random: Random): SkeletonBody {
  const length = Math.min(frames, 2 + random.integer(8));
  const start = random.integer(frames - length + 1);
  const at: Vec3 = [random.uniform(-1.2, 1.2), random.uniform(-0.8, 0.2), random.uniform(3.6, 4.4)];
  const shape = Array.from({ length: jointCount }, () => [
    random.normal(0.35),
    random.normal(0.08),
    random.normal(0.15),
  ]);
  const seen = Array.from({ length }, () =>
    shape.map((offset): Vec3 => {
      const [x, y, z] = at.map((value, axis) => value + offset[axis]! + random.normal(0.01));
      return [x!, y!, z!];
    }),
  );
  return {
    ...emptyBody(9000 + random.integer(900), before + start, length, place),
    ...measured(seen, () => true),
  };
}

/** A body without values. Kinect numbers bodies from 2^56 on, beyond what doubles hold: hence the BigInt. */
function emptyBody(number: number, start: number, frames: number, place: number) {
  return {
    id: String(2n ** 56n + 1n + BigInt(number)),
    frames: Int32Array.from({ length: frames }, (_, i) => start + i),
    places: new Int32Array(frames).fill(place),
  };
}

/** The values of a skeleton file for these joints. */
function measured(
  frames: readonly (readonly Vec3[])[],
  isLost: (frame: number, joint: number) => boolean,
): Pick<SkeletonBody, 'fields' | 'joints'> {
  const fields = new Float32Array(frames.length * bodyFields.length);
  const joints = new Float32Array(frames.length * jointCount * jointFields.length);
  for (const [frame, seen] of frames.entries()) {
    const [base, top] = [seen[joint.spineBase]!, seen[joint.spineShoulder]!];
    const up = Math.max(0.1, Math.abs(top[1] - base[1]));
    const lean = [(top[0] - base[0]) / up, (base[2] - top[2]) / up].map((v) => Math.max(-1, Math.min(1, v)));
    // Not clipped; both hands open, of high confidence; not restricted; tracked.
    fields.set([0, 1, 2, 1, 2, 0, lean[0]!, lean[1]!, 2], frame * bodyFields.length);
    for (const [j, [x, y, z]] of seen.entries()) {
      const right = x / z;
      const upward = y / z;
      const depth = [256 + 365 * right, 212 - 365 * upward];
      const color = [1920 * (0.5 + focalLength * right), 1080 * (0.5 - focalLength * upward)];
      const state = isLost(frame, j) ? 1 : 2;
      joints.set(
        [x, y, z, ...depth, ...color, 0, 0, 0, 0, state],
        (frame * jointCount + j) * jointFields.length,
      );
    }
  }
  return { fields, joints };
}

/** Whether a joint is farther from the true one than a sensor's scatter. */
const isFar = (a: Vec3, b: Vec3) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]) > 0.12;
