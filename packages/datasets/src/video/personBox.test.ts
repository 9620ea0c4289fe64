import fc from 'fast-check';
import { expect, it } from 'vitest';
import { personBox } from './personBox.js';

const picture = { width: 1920, height: 1080 };

it('is a square around all joints, with a margin', () => {
  const joints = [900, 300, 1000, 500, 950, 700];
  expect(personBox(joints, picture)).toEqual({ x: 700, y: 250, side: 500 });
  expect(personBox(joints, { ...picture, margin: 0 })).toEqual({ x: 750, y: 300, side: 400 });
});

it('is moved into the picture', () => {
  expect(personBox([10, 0, 60, 400], picture)).toEqual({ x: 0, y: 0, side: 500 });
  expect(personBox([1900, 800, 2000, 1080], { ...picture, margin: 0 })).toEqual({
    x: 1640,
    y: 800,
    side: 280,
  });
  // Two persons far apart: as much as fits.
  expect(personBox([100, 500, 1700, 600], picture)).toEqual({ x: 360, y: 0, side: 1080 });
});

it('ignores joints that are sensor errors', () => {
  const joints = [900, 300, 1000, 700];
  const odd = [Number.NaN, 5, 5, Number.POSITIVE_INFINITY, 1e6, 500, 500, -9000];
  expect(personBox([...odd, ...joints], picture)).toEqual(personBox(joints, picture));
  expect(personBox(odd, picture)).toBeUndefined();
  expect(personBox([], picture)).toBeUndefined();
});

it('is always a square of even numbers in the picture', () => {
  const size = fc.integer({ min: 2, max: 4000 });
  const joints = fc.array(fc.double({ min: -2000, max: 6000 }), { minLength: 2, maxLength: 20 });
  fc.assert(
    fc.property(joints, size, size, (points, width, height) => {
      const box = personBox(points, { width, height });
      if (!box) return;
      expect([box.x % 2, box.y % 2, box.side % 2]).toEqual([0, 0, 0]);
      expect(Math.min(box.x, box.y, box.side - 2)).toBeGreaterThanOrEqual(0);
      expect(box.x + box.side).toBeLessThanOrEqual(width);
      expect(box.y + box.side).toBeLessThanOrEqual(height);
    }),
  );
});
