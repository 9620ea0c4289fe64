import { random } from '@amr/internal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameSamplings, sampleFrames } from './frameSampling.js';

describe('sampleFrames', () => {
  it('spreads frames evenly', () => {
    expect(sampleFrames(16, 4)).toEqual([0, 5, 10, 15]);
    expect(sampleFrames(3, 5)).toEqual([0, 1, 1, 2, 2]);
    expect(sampleFrames(16, 4, { random: random(1) })).toEqual([0, 5, 10, 15]);
  });

  it('takes one frame of each segment', () => {
    expect(sampleFrames(12, 3, { sampling: 'segments' })).toEqual([2, 6, 10]);
    expect(sampleFrames(2, 4, { sampling: 'segments' })).toEqual([0, 0, 1, 1]);
    const seen = [new Set(), new Set(), new Set()];
    for (let seed = 0; seed < 60; seed++) {
      const drawn = sampleFrames(12, 3, { sampling: 'segments', random: random(seed) });
      for (const [segment, frame] of drawn.entries()) seen[segment]!.add(frame);
    }
    expect(seen.map((frames) => [...frames].sort((a, b) => Number(a) - Number(b)))).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9, 10, 11],
    ]);
  });

  it('takes consecutive frames', () => {
    expect(sampleFrames(11, 3, { sampling: 'dense' })).toEqual([4, 5, 6]);
    expect(sampleFrames(11, 3, { sampling: 'dense', stride: 4 })).toEqual([1, 5, 9]);
    expect(sampleFrames(3, 5, { sampling: 'dense' })).toEqual([0, 1, 2, 0, 1]);
    const starts = new Set<number>();
    for (let seed = 0; seed < 60; seed++) {
      const [first, second, third] = sampleFrames(6, 3, { sampling: 'dense', random: random(seed) });
      expect([second, third]).toEqual([first! + 1, first! + 2]);
      starts.add(first!);
    }
    expect([...starts].sort()).toEqual([0, 1, 2, 3]);
  });

  it('gives valid frames, the same ones for the same seed', () => {
    const number = fc.integer({ min: 1, max: 300 });
    const way = fc.constantFrom(...frameSamplings);
    fc.assert(
      fc.property(number, number, way, number, fc.boolean(), (total, count, sampling, stride, isRandom) => {
        const sample = () =>
          sampleFrames(total, count, { sampling, stride, ...(isRandom && { random: random(total) }) });
        const frames = sample();
        expect(frames.length).toBe(count);
        expect(frames.every((frame) => Number.isInteger(frame) && frame >= 0 && frame < total)).toBe(true);
        expect(sample()).toEqual(frames);
        if (sampling !== 'dense') expect(frames.toSorted((a, b) => a - b)).toEqual(frames);
      }),
    );
  });

  it('refuses invalid numbers and options', () => {
    expect(() => sampleFrames(0, 1)).toThrow(/total: got 0;/);
    expect(() => sampleFrames(1, 1.5)).toThrow(/count: got 1\.5;/);
    expect(() => sampleFrames(1, 1, { stride: 0 })).toThrow(/stride: got 0;/);
    expect(() => sampleFrames(1, 1, { sampling: 'all' as never })).toThrow(/uniform, segments, dense/);
  });
});
