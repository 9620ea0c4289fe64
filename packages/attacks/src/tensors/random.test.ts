import { rowsOf, values } from '@amr/testing/attacks/models';
import { describe, expect, it, vi } from 'vitest';
import { randomOf } from './random.js';

describe('randomOf', () => {
  it('gives the same values for the same seed, which is 0 by default, and others for other seeds', () => {
    const draw = (seed: number) => values(randomOf(seed).uniform(2, 5));
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(draw(1)).not.toEqual(draw(1 + 2 ** 32));
    expect(values(randomOf().uniform(1, 4))).toEqual(values(randomOf(0).uniform(1, 4)));
  });

  it('gives a row the same values whatever rows follow it, and other values in each draw and row', () => {
    const one = randomOf(3);
    const three = randomOf(3);
    const first = rowsOf(three.normal(3, 4));
    expect(rowsOf(one.normal(1, 4))[0]).toEqual(first[0]);
    expect(first[1]).not.toEqual(first[0]);
    expect(rowsOf(three.normal(3, 4))[0]).not.toEqual(first[0]);
  });

  it('has the moments of its distributions', () => {
    const mean = (v: number[]) => v.reduce((a, b) => a + b, 0) / v.length;
    const u = values(randomOf(1).uniform(4, 5000));
    expect(mean(u)).toBeCloseTo(0.5, 1.9);
    expect(mean(u.map((x) => x * x))).toBeCloseTo(1 / 3, 1.9);
    expect(u.every((x) => x > 0 && x < 1)).toBe(true);
    const n = values(randomOf(1).normal(4, 5001));
    expect(mean(n)).toBeCloseTo(0, 1.5);
    expect(mean(n.map((x) => x * x))).toBeCloseTo(1, 1.5);
    expect(mean(n.map((x) => x ** 4))).toBeCloseTo(3, 0.5);
  });

  it('leaves Math.random alone', () => {
    const spy = vi.spyOn(Math, 'random');
    randomOf().uniform(1, 10);
    expect(spy).not.toHaveBeenCalled();
    spy.mockRestore();
  });
});
