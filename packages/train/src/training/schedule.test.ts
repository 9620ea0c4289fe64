import { expect, it } from 'vitest';
import { constant, cosine, TrainOptionError } from '../index.js';

it('cosine rises linearly, then falls along a cosine', () => {
  const schedule = cosine({ warmup: 0.2, peak: 1, floor: 0.1 });
  expect([0, 0.1, 0.2, 0.6, 1].map((progress) => schedule(progress, 0, 5))).toEqual([
    0,
    0.5,
    1,
    expect.closeTo(0.55, 12),
    expect.closeTo(0.1, 12),
  ]);
});

it("takes the optimizer's rate where none is given", () => {
  expect(cosine()(0, 0, 0.3)).toBe(0.3);
  expect(constant()(0.9, 12, 0.3)).toBe(0.3);
  expect(constant(0.01)(0.9, 12, 0.3)).toBe(0.01);
});

it('has labels that differ between settings', () => {
  const labels = [
    cosine(),
    cosine({ warmup: 0.1 }),
    cosine({ peak: 1 }),
    cosine({ floor: 1 }),
    constant(),
    constant(1),
  ];
  expect(new Set(labels.map(({ label }) => label)).size).toBe(6);
});

it.each([
  [{ warmup: 1 }],
  [{ warmup: -0.1 }],
  [{ peak: Number.NaN }],
  [{ floor: -1 }],
  [{ minimum: 0 } as never],
])('refuses %o', (options) => {
  expect(() => cosine(options)).toThrow(TrainOptionError);
});
