import { type Random, random } from '@amr/internal';
import type { Camera } from './camera.js';
import { type Canvas, type Capsule, drawCapsule, type Light } from './canvas.js';
import { texture, tile } from './texture.js';
import { furniture, obstacle, passersBy, type Thing } from './things.js';
import type { Vec3 } from './vector.js';

/** A room where clips are recorded, with the same walls, furniture and light in every clip. */
export interface Room {
  /** Textures of the wall, of the floor and of a moving part of the wall: a window, a curtain, a screen. */
  wall: Float32Array;
  floor: Float32Array;
  moving: Float32Array;
  /** Whether a point of the wall is in the moving part. */
  screen: ((around: number, height: number) => boolean) | undefined;
  /** Radius of the round wall in metres. */
  radius: number;
  light: Light;
  furniture: Thing[];
}

/** The surroundings of the persons in one clip. */
export interface Surroundings {
  /** Light on the persons. */
  light: Light;
  /**
   * Paints everything behind the persons.
   * @param moment of the clip, from 0 to 1
   * @param feet places on the floor that the persons shade
   */
  paint(canvas: Canvas, moment: number, feet: readonly Vec3[]): void;
  /** Obstacles between camera and persons, in camera coordinates. */
  foreground: Capsule[];
}

/** Room `number` of a generator's seed; `clutter` from 0 (bare) to 1. */
export function room(seed: number, number: number, clutter: number): Room {
  const r = random('room', seed, number);
  return {
    wall: texture(r, clutter),
    floor: texture(r, clutter * 0.7),
    moving: texture(r, clutter),
    screen: screenOn(r, clutter),
    radius: r.uniform(2.6, 4.2),
    light: {
      from: unit([r.normal(0.5), r.uniform(0.2, 0.9), -r.uniform(0.4, 1)]),
      ambient: r.uniform(0.5, 0.7),
    },
    furniture: furniture(r, clutter),
  };
}

/** What a camera sees of a room in one clip, with a moving wall, passers-by and obstacles. */
export function surroundings(
  place: Room,
  random: Random,
  camera: Camera,
  side: number,
  clutter: number,
): Surroundings {
  const { wall, floor, moving, light } = place;
  const drift = clutter * random.normal(30);
  const [places, kinds] = surfaces(camera, side, place);
  const things = [...place.furniture, ...passersBy(random, clutter)];
  const near = random.chance(0.12 * clutter) ? [obstacle(random)] : [];

  return {
    light,
    foreground: near,
    paint(canvas, moment, feet) {
      const { colors, nearness } = canvas;
      for (let i = 0; i < kinds.length; i++) {
        const kind = kinds[i]!;
        const u = places[i * 2]!;
        const v = places[i * 2 + 1]!;
        const [image, shift] = kind === 2 ? [moving, drift * moment] : [kind === 1 ? floor : wall, 0];
        const column = ((Math.floor(u * 20 + shift) % tile) + tile) % tile;
        const row = ((Math.floor(v * 20) % tile) + tile) % tile;
        let shade = 1;
        if (kind === 1) {
          for (const foot of feet) {
            const far = (u - foot[0]) ** 2 + (v - foot[2]) ** 2;
            if (far < 0.25) shade *= 1 - 0.55 * Math.exp(-far * 22);
          }
        }
        for (let c = 0; c < 3; c++) colors[i * 3 + c] = image[(row * tile + column) * 3 + c]! * shade;
      }
      nearness.fill(0);
      for (const thing of things) {
        for (const capsule of thing(moment)) {
          drawCapsule(
            canvas,
            { ...capsule, from: camera.see(capsule.from), to: camera.see(capsule.to) },
            light,
          );
        }
      }
    },
  };
}

/** The surface that each pixel shows (0: wall, 1: floor, 2: moving part of the wall), and the point on it in metres. */
function surfaces(camera: Camera, side: number, { radius, screen }: Room): [Float32Array, Uint8Array] {
  const places = new Float32Array(side * side * 2);
  const kinds = new Uint8Array(side * side);
  const [cx, cy, cz] = camera.at;
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const i = row * side + column;
      const [dx, dy, dz] = camera.ray((column + 0.5) / side, (row + 0.5) / side);
      // |(cx, cz) + s (dx, dz)| = radius of the wall. The camera may be outside, so the farther intersection counts.
      const [a, b, c] = [dx * dx + dz * dz, cx * dx + cz * dz, cx * cx + cz * cz - radius * radius];
      const s = (-b + Math.sqrt(Math.max(0, b * b - a * c))) / a;
      const height = cy + s * dy;
      if (height > 0) {
        const around = Math.atan2(cx + s * dx, cz + s * dz);
        places[i * 2] = around * radius;
        places[i * 2 + 1] = height;
        kinds[i] = screen?.(around * radius, height) ? 2 : 0;
      } else {
        const down = -cy / dy;
        places[i * 2] = cx + down * dx;
        places[i * 2 + 1] = cz + down * dz;
        kinds[i] = 1;
      }
    }
  }
  return [places, kinds];
}

/** The part of the wall whose texture moves: a window, a curtain, a screen. */
function screenOn(random: Random, clutter: number): Room['screen'] {
  if (!random.chance(0.6 * clutter)) return undefined;
  const [middle, low] = [random.normal(1.2), random.uniform(0.2, 1)];
  const [wide, high] = [random.uniform(0.5, 1.6), random.uniform(0.5, 1.3)];
  return (around, height) => Math.abs(around - middle) < wide && height > low && height < low + high;
}

const unit = ([x, y, z]: Vec3): Vec3 => {
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
};
