import type { Random } from '../random.js';
import { type Camera, focalLength } from './camera.js';
import { type Canvas, type Capsule, drawCapsule, type Light } from './canvas.js';
import type { Colour } from './subjects.js';
import { mix, type Vec3 } from './vector.js';

/** What is around the persons: a round wall and a floor with textures, things that stand about, something that moves. */
export interface Room {
  /** Light on the persons. */
  light: Light;
  /**
   * Paints everything behind the persons.
   * @param moment of the clip, 0 to 1
   * @param feet places on the floor that the persons shade
   */
  paint(canvas: Canvas, moment: number, feet: readonly Vec3[]): void;
  /** What stands between camera and persons. */
  foreground: Capsule[];
}

const tile = 64;

/** A room of random looks; `clutter` from 0 (bare, still) to 1. */
export function room(random: Random, camera: Camera, side: number, clutter: number): Room {
  const wall = texture(random, clutter);
  const floor = texture(random, clutter * 0.7);
  const moving = texture(random, clutter);
  const radius = random.uniform(2.6, 4.2);
  const drift = clutter * random.normal(30);
  const screen = screenOn(random, clutter);
  const [places, kinds] = surfaces(camera, side, radius, screen);
  const light: Light = {
    from: unit([random.normal(0.5), random.uniform(0.2, 0.9), -random.uniform(0.4, 1)]),
    ambient: random.uniform(0.4, 0.65),
  };
  const things = [...furniture(random, clutter), ...passersBy(random, clutter)];
  const near = random.chance(0.25 * clutter) ? [obstacle(random)] : [];

  return {
    light,
    foreground: near,
    paint(canvas, moment, feet) {
      const { colours, nearness } = canvas;
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
        for (let c = 0; c < 3; c++) colours[i * 3 + c] = image[(row * tile + column) * 3 + c]! * shade;
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

/** Which surface each pixel sees (0 wall, 1 floor, 2 a screen on the wall) and where on it, in metres. */
function surfaces(
  camera: Camera,
  side: number,
  radius: number,
  screen: ReturnType<typeof screenOn>,
): [Float32Array, Uint8Array] {
  const places = new Float32Array(side * side * 2);
  const kinds = new Uint8Array(side * side);
  const [cx, cy, cz] = camera.at;
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const i = row * side + column;
      const [dx, dy, dz] = camera.ray((column + 0.5) / side, (row + 0.5) / side);
      // |(cx, cz) + s (dx, dz)| = radius of the wall; the camera may stand outside, so the farther crossing counts.
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

/** A part of the wall whose texture moves: a window, a curtain, a screen. */
function screenOn(
  random: Random,
  clutter: number,
): ((around: number, height: number) => boolean) | undefined {
  if (!random.chance(0.7 * clutter)) return undefined;
  const [middle, low] = [random.normal(1.2), random.uniform(0.2, 1)];
  const [wide, high] = [random.uniform(0.5, 1.6), random.uniform(0.5, 1.3)];
  return (around, height) => Math.abs(around - middle) < wide && height > low && height < low + high;
}

/** A tile of 64 x 64 colours: stripes, checks or blotches between two shades of one colour, some strong, some faint. */
function texture(random: Random, clutter: number): Float32Array {
  const base = random.uniform(0.2, 0.8);
  const tint: Vec3 = [random.normal(0.08), random.normal(0.08), random.normal(0.08)];
  const contrast = clutter * random.uniform(0.05, 0.4);
  const kind = random.pick(['stripes', 'checks', 'blotches'] as const);
  const period = random.pick([4, 8, 16, 32]);
  const slant = random.pick([0, 0, 1, -1]);
  const coarse = Array.from({ length: 64 }, () => random.uniform(-1, 1));
  const image = new Float32Array(tile * tile * 3);
  for (let y = 0; y < tile; y++) {
    for (let x = 0; x < tile; x++) {
      let value: number;
      if (kind === 'stripes') value = Math.sin((2 * Math.PI * (x + slant * y)) / period);
      else if (kind === 'checks') value = (Math.floor(x / period) + Math.floor(y / period)) % 2 ? 0.7 : -0.7;
      else value = blend(coarse, x / 8, y / 8);
      for (let c = 0; c < 3; c++) {
        const shade = base * (1 + contrast * value) + tint[c]! * base + 0.02 * random.uniform(-1, 1);
        image[(y * tile + x) * 3 + c] = Math.max(0.02, Math.min(1, shade));
      }
    }
  }
  return image;
}

/** Smooth noise from an 8 x 8 grid of values that wraps around. */
function blend(grid: readonly number[], x: number, y: number): number {
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const [tx, ty] = [x - x0, y - y0];
  const value = (i: number, j: number) => grid[((y0 + j) % 8) * 8 + ((x0 + i) % 8)]!;
  return (
    (value(0, 0) * (1 - tx) + value(1, 0) * tx) * (1 - ty) + (value(0, 1) * (1 - tx) + value(1, 1) * tx) * ty
  );
}

type Thing = (moment: number) => Capsule[];

function furniture(random: Random, clutter: number): Thing[] {
  return Array.from({ length: Math.round(clutter * random.uniform(0, 3)) }, () => {
    const angle = random.uniform(0, 2 * Math.PI);
    const far = random.uniform(1.3, 2.4);
    const [x, z] = [far * Math.sin(angle), far * Math.cos(angle)];
    const height = random.uniform(0.3, 1.5);
    const thick = random.uniform(0.08, 0.3);
    const colour = anyColour(random);
    // Nothing stands where a camera does.
    const capsules: Capsule[] =
      z < 0.3 ? [] : [{ from: [x, thick, z], to: [x, height, z], radius: [thick, thick], colour }];
    return () => capsules;
  });
}

/** People in the distance who walk through the picture: upright shapes without a skeleton. */
function passersBy(random: Random, clutter: number): Thing[] {
  if (!random.chance(0.45 * clutter)) return [];
  const [from, to] = [random.uniform(-2, 2), random.uniform(-2, 2)];
  const z = random.uniform(1.1, 2.2);
  const [shirt, trousers, skin] = [anyColour(random), anyColour(random), anyColour(random)];
  const height = random.uniform(1.5, 1.85);
  return [
    (moment) => {
      const x = from + (to - from) * moment;
      const stride = 0.16 * Math.sin(moment * 14);
      return [
        { from: [x, height * 0.52, z], to: [x, height * 0.78, z], radius: [0.14, 0.17], colour: shirt },
        { from: [x, height * 0.5, z], to: [x + stride, 0.08, z], radius: [0.09, 0.06], colour: trousers },
        { from: [x, height * 0.5, z], to: [x - stride, 0.08, z], radius: [0.09, 0.06], colour: trousers },
        { from: [x, height * 0.9, z], to: [x, height * 0.93, z], radius: [0.1, 0.1], colour: skin },
      ];
    },
  ];
}

/** The edge of a table or a post before the camera, in camera coordinates: it hides some of the persons. */
function obstacle(random: Random): Capsule {
  const z = random.uniform(1.5, 1.9);
  const half = 0.5 / focalLength;
  const colour = anyColour(random);
  const radius = random.uniform(0.03, 0.07);
  if (random.chance(0.5)) {
    const y = random.uniform(-0.75, -0.3) * half * z;
    return { from: [-z, y + random.normal(0.05), z], to: [z, y, z], radius: [radius, radius], colour };
  }
  const x = random.uniform(-0.7, 0.7) * half * z;
  return { from: [x, -z, z], to: [x + random.normal(0.1), z, z], radius: [radius, radius], colour };
}

function anyColour(random: Random): Colour {
  const grey = random.uniform(0.1, 0.8);
  return mix(
    [grey, grey, grey],
    [random.uniform(), random.uniform(), random.uniform()],
    random.uniform(0, 0.7),
  );
}

const unit = ([x, y, z]: Vec3): Vec3 => {
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
};
