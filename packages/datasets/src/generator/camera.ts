import type { Random } from '@amr/internal';
import type { Vec3 } from './vector.js';

/**
 * Focal length of every camera, in widths of its square picture: a joint at [x, y, z] metres is seen at column
 * (0.5 + focalLength * x / z) and row (0.5 - focalLength * y / z), both in [0, 1].
 */
export const focalLength = 1.45;

/** A camera that looks at the middle of the scene. */
export interface Camera {
  /** Camera coordinates, as Kinect v2 gives them: x to the sensor's left (the right of the picture), y up, z away from it. */
  see(point: Vec3): Vec3;
  /** Direction in the room of the ray through this column and row, both in [0, 1]. */
  ray(column: number, row: number): Vec3;
  /** Place of the camera in the room. */
  readonly at: Vec3;
}

/**
 * A camera on a circle around the scene, with small random errors of its place, as of a tripod.
 * @param angle place on the circle, in radians: 0 is in front, positive to the left of the persons
 * @param distance from the middle of the scene, in metres
 */
export function camera(angle: number, distance: number, random: Random): Camera {
  const yaw = angle + random.normal(0.04);
  const height = random.uniform(1.1, 1.5);
  const aim: Vec3 = [random.normal(0.02), 0.94 + random.normal(0.02), random.normal(0.02)];
  const far = distance * random.uniform(0.97, 1.06);
  const pitch = Math.asin((height - aim[1]) / far);
  const level = far * Math.cos(pitch);
  const [cosYaw, sinYaw, cosPitch, sinPitch] = [
    Math.cos(yaw),
    Math.sin(yaw),
    Math.cos(pitch),
    Math.sin(pitch),
  ];
  const at: Vec3 = [aim[0] - level * sinYaw, height, aim[2] - level * cosYaw];
  return {
    at,
    see([px, py, pz]) {
      const [x, y, z] = [px - at[0], py - at[1], pz - at[2]];
      const ahead = sinYaw * x + cosYaw * z;
      return [cosYaw * x - sinYaw * z, cosPitch * y + sinPitch * ahead, cosPitch * ahead - sinPitch * y];
    },
    ray(column, row) {
      const x = (column - 0.5) / focalLength;
      const y = (0.5 - row) / focalLength;
      const ahead = cosPitch + sinPitch * y;
      return [cosYaw * x + sinYaw * ahead, cosPitch * y - sinPitch, -sinYaw * x + cosYaw * ahead];
    },
  };
}
