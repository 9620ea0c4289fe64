import { describe, expect, it } from 'vitest';
import { focalLength } from './camera.js';
import { type Capsule, canvas, drawCapsule, type Light } from './canvas.js';
import type { Vec3 } from './vector.js';

const even: Light = { from: [0, 0, -1], ambient: 1 };
const ball = (at: Vec3, radius: number, color: Vec3 = [1, 1, 1]): Capsule => ({
  from: at,
  to: at,
  radius: [radius, radius],
  color,
});
const draw = (side: number, capsules: Capsule[], light = even) => {
  const page = canvas(side);
  for (const capsule of capsules) drawCapsule(page, capsule, light);
  return page;
};
const red: Vec3 = [1, 0, 0];
const blue: Vec3 = [0, 0, 1];

describe('drawCapsule', () => {
  it('draws a ball as a disc with the depth of its front', () => {
    const side = 128;
    const page = draw(side, [ball([0.2, -0.3, 4], 0.5)]);
    const [u, v] = [side * (0.5 + (focalLength * 0.2) / 4), side * (0.5 + (focalLength * 0.3) / 4)];
    const radius = (side * focalLength * 0.5) / 4;
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const far = Math.hypot(x + 0.5 - u, y + 0.5 - v);
        if (far < radius - 0.5) expect(page.nearness[y * side + x]).toBeGreaterThan(0);
        if (far > radius + 0.5) expect(page.nearness[y * side + x]).toBe(0);
      }
    }
    expect(1 / page.nearness[Math.floor(v) * side + Math.floor(u)]!).toBeCloseTo(3.5, 1);
  });

  it('shows the nearer capsule in any order of drawing', () => {
    const [near, far] = [ball([0, 0, 2], 0.2, red), ball([0, 0, 3], 0.6, blue)];
    const [a, b] = [draw(32, [near, far]), draw(32, [far, near])];
    expect(a).toEqual(b);
    const center = (16 * 32 + 16) * 3;
    expect(a.colors[center]).toBeGreaterThan(0.5);
    expect(a.colors[center + 2]).toBe(0);
    const right = (16 * 32 + 22) * 3;
    expect(a.colors[right]).toBe(0);
    expect(a.colors[right + 2]).toBeGreaterThan(0.3);
  });

  it('narrows along a limb and crosses another where it is in front of it', () => {
    const limb: Capsule = { from: [-0.8, 0, 2.2], to: [0.8, 0, 3.4], radius: [0.2, 0.05], color: red };
    const wall: Capsule = { from: [-1, 0, 2.8], to: [1, 0, 2.8], radius: [0.1, 0.1], color: blue };
    const page = draw(64, [limb, wall]);
    const height = (x: number) =>
      Array.from({ length: 64 }, (_, y) => page.nearness[y * 64 + x]!).filter((n) => n > 0).length;
    expect(height(12)).toBeGreaterThan(height(45));
    const at = (x: number) => Array.from(page.colors.subarray((32 * 64 + x) * 3, (32 * 64 + x) * 3 + 3));
    expect(at(14)[0]).toBeGreaterThan(0.5);
    expect(at(52)[2]).toBeGreaterThan(0.5);
  });

  it('is brighter towards the light', () => {
    const page = draw(64, [ball([0, 0, 3], 0.8)], { from: [1, 0, 0], ambient: 0.3 });
    const brightness = (x: number) => page.colors[(32 * 64 + x) * 3]!;
    expect(brightness(48)).toBeGreaterThan(brightness(32) + 0.2);
    expect(brightness(18)).toBeLessThanOrEqual(brightness(32));
  });

  it('omits capsules behind the camera', () => {
    expect(draw(16, [ball([0, 0, -1], 0.5), ball([0, 0, 0.1], 0.5)]).nearness.every((n) => n === 0)).toBe(
      true,
    );
  });
});
