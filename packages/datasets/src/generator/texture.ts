import type { Random } from '@amr/internal';
import type { Vec3 } from './vector.js';

/** Side of a texture in texels. Textures repeat. */
export const tile = 64;

/** A tile of 64 x 64 colours: stripes, checks or blotches of two shades of one colour, with strong or faint contrast. */
export function texture(random: Random, clutter: number): Float32Array {
  const base = random.uniform(0.12, 0.4);
  const tint: Vec3 = [random.normal(0.08), random.normal(0.08), random.normal(0.08)];
  const contrast = clutter * random.uniform(0.03, 0.18);
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
        const shade = base * (1 + contrast * value) + tint[c]! * base + 0.015 * random.uniform(-1, 1);
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
