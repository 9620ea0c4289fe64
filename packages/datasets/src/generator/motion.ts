import type { Random } from '@amr/internal';
import type { Pose } from './pose.js';
import type { Style } from './subjects.js';
import type { Vec3 } from './vector.js';

/** What differs between performances of an action. */
export interface Performance {
  /** Random numbers of the performance's variations. */
  random: Random;
  style: Style;
  /** Extent of the movements, by the subject's manner and by chance; 1 is average. */
  amplitude: number;
  /** Speed of the movements; 1 is average. */
  tempo: number;
  /** -1 when the performance is mirrored afterwards, so that an action can keep a direction in space; else 1. */
  side: 1 | -1;
  /** 0, or 1 for the partner in an action of two persons. */
  role: 0 | 1;
  /** Distance between the two persons in metres. */
  gap: number;
}

/** The posture at each moment of a clip: 0 is the first frame, 1 the last. */
export type Motion = (moment: number) => Pose;

/** An object in the acting hand, or a stool behind the person. Only the picture shows it. */
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

/** Rises smoothly from 0 at `from` to 1 at `to`, with speed and acceleration 0 at both ends (minimum jerk). */
export function rise(x: number, from: number, to: number): number {
  const t = Math.max(0, Math.min(1, (x - from) / (to - from)));
  return t * t * t * (t * (6 * t - 15) + 10);
}

/** Rises from 0 to 1 until `up`, stays until `down`, and is back at 0 at the end. */
export function visit(x: number, up: number, down: number): number {
  return rise(x, 0, up) - rise(x, down, 1);
}

/** Progress of a movement that starts early in the clip and ends late: 0 before it, 1 after it. */
export function progress({ random, tempo }: Performance, share = 0.74): (moment: number) => number {
  const start = random.uniform(0.02, 0.18);
  const length = Math.min((share * random.uniform(0.92, 1.08)) / tempo, 1.02 - start);
  return (moment) => Math.max(0, Math.min(1, (moment - start) / length));
}

/** The phase in radians of a movement that repeats about `cycles` times in a clip. */
export function repeating({ random, tempo }: Performance, cycles: number): (moment: number) => number {
  const speed = 2 * Math.PI * cycles * tempo * random.uniform(0.92, 1.08);
  const start = random.uniform(0, 2 * Math.PI);
  return (moment) => start + speed * moment;
}

/** Rises from 0 at `from` to 1 and falls back to 0 at `to`. */
export function bump(x: number, from: number, to: number): number {
  const middle = (from + to) / 2;
  return rise(x, from, middle) - rise(x, middle, to);
}

/** A place with a random offset of a few centimetres. */
export const about = ({ random }: Performance, [x, y, z]: Vec3, spread = 0.02): Vec3 => [
  x + random.normal(spread),
  y + random.normal(spread),
  z + random.normal(spread),
];
