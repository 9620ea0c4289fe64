import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SplitRule } from '../source/splitRule.js';
import { chosenSamples } from './chosenSamples.js';

const samples = Array.from({ length: 60 }, (_, i) => ({
  id: `s${i}`,
  label: i % 3,
  tags: { subject: 1 + (i % 4) },
}));
const xsub = { by: 'subject', train: [1, 3] };

describe('chosenSamples', () => {
  it('takes all samples, a part of a split, or given ids', () => {
    expect(chosenSamples(samples, { xsub }, {})).toHaveLength(60);
    const train = chosenSamples(samples, { xsub }, { part: 'train' });
    const test = chosenSamples(samples, { xsub, xset: xsub }, { split: 'xsub', part: 'test' });
    expect([...train, ...test].sort((a, b) => a - b)).toEqual(samples.map((_, i) => i));
    expect(chosenSamples(samples, { xsub }, { part: 'train', samples: ['s8', 's2'] })).toEqual([8, 2]);
  });

  it('spreads a number of samples over the classes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), (count) => {
        const chosen = chosenSamples(samples, {}, { samples: count });
        expect(chosen).toHaveLength(Math.min(count, 60));
        expect(chosen).toEqual([...new Set(chosen)].sort((a, b) => a - b));
        const perClass = [0, 1, 2].map((label) => chosen.filter((i) => samples[i]!.label === label).length);
        expect(Math.max(...perClass) - Math.min(...perClass)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it.each([
    [{ split: 'xview', part: 'train' as const }, /split: got 'xview'; expected one of xsub, xset, empty/],
    [
      { part: 'train' as const },
      /split: got undefined; expected one of xsub, xset, empty, since part is 'train'/,
    ],
    [{ split: 'xsub', part: 'valid' as 'train' }, /part: got 'valid'; expected 'train' or 'test'/],
    [{ samples: 0 }, /samples: got 0; expected a whole number from 1/],
    [{ samples: ['s1', 'x'] }, /samples: got 'x'; expected ids of samples of the data set/],
    [
      { split: 'empty', part: 'train' as const },
      /part: got 'train' of split 'empty', which has none of the 60 samples/,
    ],
  ])('refuses %j', (options, reason) => {
    const splits: { [name: string]: SplitRule } = { xsub, xset: xsub, empty: { by: 'subject', train: [] } };
    expect(() => chosenSamples(samples, splits, options)).toThrow(reason);
  });
});
