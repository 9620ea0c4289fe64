import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { random, randomFrom } from './random.js';

const draws = (n: number, ...keys: (number | string)[]) => {
  const r = random(...keys);
  return Array.from({ length: n }, () => r.uniform());
};

describe('random', () => {
  it('gives equal streams for equal keys and unlike ones for keys that differ', () => {
    expect(draws(5, 'a', 1, 2)).toEqual(draws(5, 'a', 1, 2));
    const firsts = [
      draws(1, 'a', 1, 2),
      draws(1, 'a', 2, 1),
      draws(1, 'a', 12),
      draws(1, 'a', '1', 2),
      draws(1, 'b', 1, 2),
    ];
    expect(new Set(firsts.flat()).size).toBe(5);
  });

  it('is uniform, normal and fair as it says', () => {
    const r = random('moments');
    const uniform = Array.from({ length: 20_000 }, () => r.uniform(-1, 3));
    const normal = Array.from({ length: 20_000 }, () => r.normal(2));
    expect(mean(uniform)).toBeCloseTo(1, 1);
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...uniform)).toBeLessThan(3);
    expect(Math.abs(mean(normal))).toBeLessThan(0.06);
    expect(Math.abs(Math.sqrt(mean(normal.map((x) => x * x))) - 2)).toBeLessThan(0.06);
    const sixes = Array.from({ length: 12_000 }, () => r.integer(6));
    for (let face = 0; face < 6; face++) {
      expect(Math.abs(sixes.filter((x) => x === face).length - 2000)).toBeLessThan(200);
    }
  });

  it('streams of neighbouring seeds are not correlated', () => {
    const [a, b] = [draws(5000, 'seed', 1), draws(5000, 'seed', 2)];
    const correlation = 12 * mean(a.map((x, i) => (x - 0.5) * (b[i]! - 0.5)));
    expect(Math.abs(correlation)).toBeLessThan(0.06);
  });

  it('permutes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.integer(), (n, seed) => {
        const order = random(seed).permutation(n);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
      { numRuns: 20 },
    );
  });
});

it('draws uniform numbers that the seed repeats', () => {
  const draws = Array.from({ length: 2000 }, randomFrom(3));
  expect(Array.from({ length: 2000 }, randomFrom(3))).toEqual(draws);
  expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...draws)).toBeLessThan(1);
  expect(draws.reduce((sum, draw) => sum + draw, 0) / 2000).toBeCloseTo(0.5, 1);
});

const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
