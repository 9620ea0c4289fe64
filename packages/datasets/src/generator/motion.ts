import type { Random } from '@amr/internal';
import type { Pose } from './pose.js';
import type { Style } from './subjects.js';
import type { Vec3 } from './vector.js';

/** What tells one performance of an action from another. */
export interface Performance {
  /** Draws the performance's own variations. */
  random: Random;
  style: Style;
  /** How far the movements go, 1 is average: the subject's manner and this performance's chance. */
  amplitude: number;
  /** How fast the movements are, 1 is average. */
  tempo: number;
  /** -1 when the performance is seen in a mirror afterwards, so that an action can keep a direction in space; else 1. */
  side: 1 | -1;
  /** 0, or 1 for the partner in an action of two. */
  role: 0 | 1;
  /** How far apart the two persons stand, in metres. */
  gap: number;
}

/** A posture for each moment of a clip: 0 is its first frame, 1 its last. */
export type Motion = (moment: number) => Pose;

/** Something an acting hand holds, or that stands where the person is. The picture shows it, the skeleton does not. */
export type Prop = 'cup' | 'phone' | 'stool';

/** A class of actions. */
export interface Action {
  name: string;
  /** Persons who take part, default 1. */
  persons?: 1 | 2;
  prop?: Prop;
  /** The motion of one performance; written for a right-handed person. */
  perform(performance: Performance): Motion;
}

/** From 0 at `from` smoothly to 1 at `to`, with speed and acceleration 0 at both ends (minimum jerk). */
export function rise(x: number, from: number, to: number): number {
  const t = Math.max(0, Math.min(1, (x - from) / (to - from)));
  return t * t * t * (t * (6 * t - 15) + 10);
}

/** From 0 up to 1 until `up`, there until `down`, back at 0 at 1. */
export function visit(x: number, up: number, down: number): number {
  return rise(x, 0, up) - rise(x, down, 1);
}

/** Progress of a movement that starts early in the clip and ends late: 0 before, 1 after. */
export function progress({ random, tempo }: Performance, share = 0.74): (moment: number) => number {
  const start = random.uniform(0.02, 0.18);
  const length = Math.min((share * random.uniform(0.92, 1.08)) / tempo, 1.02 - start);
  return (moment) => Math.max(0, Math.min(1, (moment - start) / length));
}

/** The phase in radians of something that repeats about `cycles` times in a clip. */
export function repeating({ random, tempo }: Performance, cycles: number): (moment: number) => number {
  const speed = 2 * Math.PI * cycles * tempo * random.uniform(0.92, 1.08);
  const start = random.uniform(0, 2 * Math.PI);
  return (moment) => start + speed * moment;
}

/** From 0 at `from` to 1 and back to 0 at `to`. */
export function bump(x: number, from: number, to: number): number {
  const middle = (from + to) / 2;
  return rise(x, from, middle) - rise(x, middle, to);
}

/** A place that this performance misses by a few centimetres. */
export const about = ({ random }: Performance, [x, y, z]: Vec3, spread = 0.02): Vec3 => [
  x + random.normal(spread),
  y + random.normal(spread),
  z + random.normal(spread),
];
