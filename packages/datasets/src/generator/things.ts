import type { Random } from '@amr/internal';
import { focalLength } from './camera.js';
import type { Capsule } from './canvas.js';
import type { Color } from './subjects.js';
import { mix } from './vector.js';

/** An object in the room: its capsules at each moment of the clip, in the room's coordinates. */
export type Thing = (moment: number) => Capsule[];

/** Columns behind the persons. */
export function furniture(random: Random, clutter: number): Thing[] {
  return Array.from({ length: Math.round(clutter * random.uniform(0, 3)) }, () => {
    const angle = random.uniform(0, 2 * Math.PI);
    const far = random.uniform(1.3, 2.4);
    const [x, z] = [far * Math.sin(angle), far * Math.cos(angle)];
    const height = random.uniform(0.3, 1.5);
    const thick = random.uniform(0.08, 0.3);
    const color = anyColor(random);
    // Only behind the persons: cameras are in front.
    const capsules: Capsule[] =
      z < 0.3 ? [] : [{ from: [x, thick, z], to: [x, height, z], radius: [thick, thick], color }];
    return () => capsules;
  });
}

/** People who walk through the background: upright shapes without a skeleton. */
export function passersBy(random: Random, clutter: number): Thing[] {
  if (!random.chance(0.2 * clutter)) return [];
  const [from, to] = [random.uniform(-2, 2), random.uniform(-2, 2)];
  const z = random.uniform(1.1, 2.2);
  const [shirt, trousers, skin] = [anyColor(random), anyColor(random), anyColor(random)];
  const height = random.uniform(1.5, 1.85);
  return [
    (moment) => {
      const x = from + (to - from) * moment;
      const stride = 0.16 * Math.sin(moment * 14);
      return [
        { from: [x, height * 0.52, z], to: [x, height * 0.78, z], radius: [0.14, 0.17], color: shirt },
        { from: [x, height * 0.5, z], to: [x + stride, 0.08, z], radius: [0.09, 0.06], color: trousers },
        { from: [x, height * 0.5, z], to: [x - stride, 0.08, z], radius: [0.09, 0.06], color: trousers },
        { from: [x, height * 0.9, z], to: [x, height * 0.93, z], radius: [0.1, 0.1], color: skin },
      ];
    },
  ];
}

/** A post or the edge of a table in front of the camera, in camera coordinates: it hides parts of the persons. */
export function obstacle(random: Random): Capsule {
  const z = random.uniform(1.5, 1.9);
  const half = 0.5 / focalLength;
  const color = anyColor(random);
  const radius = random.uniform(0.03, 0.07);
  if (random.chance(0.5)) {
    const y = random.uniform(-0.75, -0.3) * half * z;
    return { from: [-z, y + random.normal(0.05), z], to: [z, y, z], radius: [radius, radius], color };
  }
  const x = random.uniform(-0.7, 0.7) * half * z;
  return { from: [x, -z, z], to: [x + random.normal(0.1), z, z], radius: [radius, radius], color };
}

function anyColor(random: Random): Color {
  const grey = random.uniform(0.08, 0.45);
  return mix(
    [grey, grey, grey],
    [random.uniform(0, 0.6), random.uniform(0, 0.6), random.uniform(0, 0.6)],
    random.uniform(0, 0.7),
  );
}
