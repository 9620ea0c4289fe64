import { random } from '@amr/internal';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { camera, focalLength } from './camera.js';

it('sees a point of a ray at the ray’s column and row', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1.5, max: 1.5, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0.5, max: 6, noNaN: true }),
      fc.integer(),
      (angle, column, row, far, seed) => {
        const eye = camera(angle, 3, random(seed));
        const [dx, dy, dz] = eye.ray(column, row);
        const [x, y, z] = eye.see([eye.at[0] + far * dx, eye.at[1] + far * dy, eye.at[2] + far * dz]);
        expect(z).toBeCloseTo(far, 6);
        expect(0.5 + (focalLength * x) / z).toBeCloseTo(column, 6);
        expect(0.5 - (focalLength * y) / z).toBeCloseTo(row, 6);
      },
    ),
    { numRuns: 30 },
  );
});

it('keeps distances', () => {
  const eye = camera(0.6, 3, random(1));
  const [a, b] = [eye.see([0.3, 1.2, -0.2]), eye.see([-0.1, 0.4, 0.5])];
  expect(Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])).toBeCloseTo(Math.hypot(0.4, 0.8, 0.7), 9);
});
