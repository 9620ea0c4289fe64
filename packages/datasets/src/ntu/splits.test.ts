import { describe, expect, it } from 'vitest';
import { partOfSplit, type SplitRule } from '../source/splitRule.js';
import { ntu60MissingSkeletons, ntu120MissingSkeletons } from './missingSkeletons.js';
import { parseSampleName } from './sampleName.js';
import { ntu60Splits, ntu120Splits } from './splits.js';

const tagged = (names: Iterable<string>) =>
  [...names].map((id) => ({ id, tags: { ...parseSampleName(id)! } }));
const counts = (samples: ReturnType<typeof tagged>, rule: SplitRule) => ({
  train: partOfSplit(samples, rule, 'train').length,
  test: partOfSplit(samples, rule, 'test').length,
});

/*
 * How many samples the parts have before any is left out: of NTU RGB+D 60 as its paper says (Shahroudy et al., CVPR 2016, section 3.4),
 * of 120 those that its performers and setups make. Less the missing ones, they are the counts that all the field's code works with.
 */
const recorded = {
  ntu60: { xsub: { train: 40_320, test: 16_560 }, xview: { train: 37_920, test: 18_960 } },
  ntu120: { xsub: { train: 63_360, test: 51_120 }, xset: { train: 54_720, test: 59_760 } },
};

describe.each([
  ['ntu60', 'xsub', ntu60Splits.xsub, ntu60MissingSkeletons, 40_091, 16_487],
  ['ntu60', 'xview', ntu60Splits.xview, ntu60MissingSkeletons, 37_646, 18_932],
  ['ntu120', 'xsub', ntu120Splits.xsub, ntu120MissingSkeletons, 63_026, 50_919],
  ['ntu120', 'xset', ntu120Splits.xset, ntu120MissingSkeletons, 54_468, 59_477],
] as const)('%s %s', (dataset, split, rule, missing, train, test) => {
  it(`leaves ${train} and ${test} samples when the missing ones are left out`, () => {
    const all = (recorded[dataset] as { [split: string]: { train: number; test: number } })[split]!;
    const left = counts(tagged(missing), rule);
    expect({ train: all.train - left.train, test: all.test - left.test }).toEqual({ train, test });
  });
});

describe('the lists of missing skeletons', () => {
  it('have 302 and 535 samples, the first within the second', () => {
    expect(ntu60MissingSkeletons.size).toBe(302);
    expect(ntu120MissingSkeletons.size).toBe(535);
    for (const name of ntu60MissingSkeletons) expect(ntu120MissingSkeletons.has(name)).toBe(true);
  });

  it('name samples that there can be: 60 with setups to 17 and actions to 60, 120 with more of both', () => {
    const tags = tagged(ntu120MissingSkeletons).map(({ tags }) => tags);
    for (const { setup, camera, subject, replication, action } of tags) {
      expect([setup <= 32, camera <= 3, subject <= 106, replication <= 2]).toEqual([true, true, true, true]);
      expect(action <= 60).toBe(setup <= 17);
    }
    expect(tags.filter(({ setup }) => setup <= 17)).toHaveLength(302);
  });
});

describe('the parts', () => {
  const every = (name: string, count: number) =>
    Array.from({ length: count }, (_, i) => ({ id: `${name}${i + 1}`, tags: { [name]: i + 1 } }));

  it('take 20 of 40 and 53 of 106 performers, cameras 2 and 3, and even setups', () => {
    expect(counts(every('subject', 40) as never, ntu60Splits.xsub)).toEqual({ train: 20, test: 20 });
    expect(counts(every('subject', 106) as never, ntu120Splits.xsub)).toEqual({ train: 53, test: 53 });
    expect(partOfSplit(every('camera', 3), ntu60Splits.xview, 'train')).toEqual([1, 2]);
    expect(partOfSplit(every('setup', 32), ntu120Splits.xset, 'train').slice(0, 3)).toEqual([1, 3, 5]);
  });
});
