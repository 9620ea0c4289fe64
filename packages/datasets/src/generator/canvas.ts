import { focalLength } from './camera.js';
import type { Color } from './subjects.js';
import type { Vec3 } from './vector.js';

/** A limb: a rounded cone between two points in camera coordinates. */
export interface Capsule {
  from: Vec3;
  to: Vec3;
  /** Radius at `from` and at `to`, in metres. */
  radius: readonly [number, number];
  color: Color;
  /** Second colour, in rings around the capsule. */
  stripe?: Color;
}

/** Directed and ambient light. */
export interface Light {
  /** Direction of the light's source, a unit vector in camera coordinates. */
  from: Vec3;
  /** Part of the light that is ambient, from 0 to 1. */
  ambient: number;
}

/** A square picture of linear colours with each pixel's depth. */
export interface Canvas {
  readonly side: number;
  /** Red, green and blue of each pixel, rows first. */
  readonly colors: Float32Array;
  /** Inverse of each pixel's depth in 1/metres; 0 is infinitely far. */
  readonly nearness: Float32Array;
}

export function canvas(side: number): Canvas {
  return { side, colors: new Float32Array(side * side * 3), nearness: new Float32Array(side * side) };
}

/**
 * Draws a capsule wherever nothing nearer is drawn. For each pixel, the nearest point of the projected axis gives radius, depth and
 * surface normal (a shaded impostor, exact for limbs that are thin compared with their distance).
 */
export function drawCapsule({ side, colors, nearness }: Canvas, capsule: Capsule, light: Light): void {
  const { from, to, radius, color, stripe } = capsule;
  if (from[2] < 0.2 || to[2] < 0.2) return;
  const f = focalLength * side;
  const ax = side / 2 + (f * from[0]) / from[2];
  const ay = side / 2 - (f * from[1]) / from[2];
  const bx = side / 2 + (f * to[0]) / to[2];
  const by = side / 2 - (f * to[1]) / to[2];
  const ra = (f * radius[0]) / from[2];
  const rb = (f * radius[1]) / to[2];
  const left = Math.max(0, Math.floor(Math.min(ax - ra, bx - rb)));
  const right = Math.min(side - 1, Math.ceil(Math.max(ax + ra, bx + rb)));
  const top = Math.max(0, Math.floor(Math.min(ay - ra, by - rb)));
  const bottom = Math.min(side - 1, Math.ceil(Math.max(ay + ra, by + rb)));
  const dx = bx - ax;
  const dy = by - ay;
  const squared = Math.max(dx * dx + dy * dy, 1e-9);
  const [na, nb] = [1 / from[2], 1 / to[2]];
  // The axis's tilt towards the camera tilts the normals, too.
  const length = Math.hypot(to[0] - from[0], to[1] - from[1], to[2] - from[2]) || 1;
  const tilt = (to[2] - from[2]) / length;
  const level = Math.sqrt(Math.max(0, 1 - tilt * tilt));
  const [ux, uy] = [dx / Math.sqrt(squared), dy / Math.sqrt(squared)];

  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const px = x + 0.5 - ax;
      const py = y + 0.5 - ay;
      const along = (px * dx + py * dy) / squared;
      const t = along < 0 ? 0 : Math.min(along, 1);
      const ex = px - t * dx;
      const ey = py - t * dy;
      const r = ra + (rb - ra) * t;
      const rest = 1 - (ex * ex + ey * ey) / (r * r);
      if (rest <= 0) continue;
      const out = Math.sqrt(rest);
      const axisNearness = na + (nb - na) * t;
      const depth = 1 / axisNearness - (out * r) / (f * axisNearness);
      const near = 1 / depth;
      const pixel = y * side + x;
      if (near <= nearness[pixel]!) continue;
      nearness[pixel] = near;
      // Normal in camera coordinates (y up, z away): sideways by the offset, towards the camera by the rest.
      const body = along > 0 && along < 1 ? tilt : 0;
      const nx = ex / r + out * body * ux;
      const ny = -(ey / r) - out * body * uy;
      const nz = -out * (body === 0 ? 1 : level);
      const lit = nx * light.from[0] + ny * light.from[1] + nz * light.from[2];
      const shade = light.ambient + (1 - light.ambient) * Math.max(0, lit) * 1.25 - 0.4 * (1 - out);
      const paint = stripe && Math.floor((t * length) / 0.055) % 2 === 1 ? stripe : color;
      for (let c = 0; c < 3; c++) colors[pixel * 3 + c] = Math.max(0, paint[c]! * shade);
    }
  }
}
