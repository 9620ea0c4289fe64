/** A point or direction in space. */
export type Vec3 = readonly [number, number, number];

/** Three orthonormal axes of a body part: to the person's right, up and back. Right-handed; a person faces along -back. */
export interface Frame {
  right: Vec3;
  up: Vec3;
  back: Vec3;
}

/** The frame of a person who stands upright and faces the middle camera. */
export const upright: Frame = { right: [1, 0, 0], up: [0, 1, 0], back: [0, 0, 1] };

export const add = (a: Vec3, b: Vec3): Vec3 => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const subtract = (a: Vec3, b: Vec3): Vec3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const times = (a: Vec3, s: number): Vec3 => [a[0] * s, a[1] * s, a[2] * s];
export const dot = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const norm = (a: Vec3): number => Math.sqrt(dot(a, a));
export const mix = (a: Vec3, b: Vec3, t: number): Vec3 => [
  a[0] + (b[0] - a[0]) * t,
  a[1] + (b[1] - a[1]) * t,
  a[2] + (b[2] - a[2]) * t,
];

/** The unit vector of `a`, or `otherwise` when `a` is zero. */
export function direction(a: Vec3, otherwise: Vec3 = [0, 1, 0]): Vec3 {
  const length = norm(a);
  return length < 1e-9 ? otherwise : times(a, 1 / length);
}

/** The unit vector of the part of `a` that is perpendicular to the unit vector `axis`. */
export function perpendicular(a: Vec3, axis: Vec3, otherwise: Vec3 = [0, 0, 1]): Vec3 {
  return direction(subtract(a, times(axis, dot(a, axis))), otherwise);
}

/** The vector with the components [right, up, forward] in a frame. */
export function within(frame: Frame, [right, up, forward]: Vec3): Vec3 {
  return add(add(times(frame.right, right), times(frame.up, up)), times(frame.back, -forward));
}

/** Turns a frame to the person's left by an angle in radians. */
export function turned({ right, up, back }: Frame, angle: number): Frame {
  return { right: rotate(right, back, -angle), up, back: rotate(back, right, angle) };
}

/** Bends a frame forward by an angle in radians. */
export function pitched({ right, up, back }: Frame, angle: number): Frame {
  return { right, up: rotate(up, back, -angle), back: rotate(back, up, angle) };
}

/** Leans a frame to the person's right by an angle in radians. */
export function rolled({ right, up, back }: Frame, angle: number): Frame {
  return { right: rotate(right, up, -angle), up: rotate(up, right, angle), back };
}

/** Rotates `a` towards the unit vector `b`, which is perpendicular to it. */
const rotate = (a: Vec3, b: Vec3, angle: number): Vec3 =>
  add(times(a, Math.cos(angle)), times(b, Math.sin(angle)));
