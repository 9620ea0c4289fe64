import { describe, expect, it } from 'vitest';
import { partOfSplit, type SplitRule } from '../../source/splitRule.js';
import { ntu60MissingSkeletons, ntu120MissingSkeletons } from './missingSkeletons.js';
import { performersOfSetup } from './officialSamples.fixture.js';
import { formatSampleName } from './sampleName.js';
import { ntu60Splits, ntu120Splits } from './splits.js';

const all = Object.entries(performersOfSetup).flatMap(([key, performers]) =>
  performers.flatMap((subject) =>
    Array.from({ length: 3 * 2 * 60 }, (_, i) => {
      const setup = Number(key);
      const action = (i % 60) + (setup <= 17 ? 1 : 61);
      const tags = {
        setup,
        camera: 1 + Math.floor(i / 120),
        subject,
        replication: 1 + (Math.floor(i / 60) % 2),
        action,
      };
      return { id: formatSampleName(tags), tags };
    }),
  ),
);
const ntu60 = all.filter(({ tags }) => tags.setup <= 17);
const counts = (samples: typeof all, rule: SplitRule) =>
  (['train', 'test'] as const).map((part) => partOfSplit(samples, rule, part).length);

describe('the official samples', () => {
  it('are 56,880 and 114,480, with as many subjects as were published', () => {
    expect([ntu60.length, all.length]).toEqual([56880, 114480]);
    expect(new Set(ntu60.map(({ tags }) => tags.subject)).size).toBe(40);
    expect(new Set(all.map(({ tags }) => tags.subject)).size).toBe(106);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  });

  it('hold every one of the 302 and 535 that are missing', () => {
    const ids = new Set(all.map(({ id }) => id));
    expect([ntu60MissingSkeletons.size, ntu120MissingSkeletons.size]).toEqual([302, 535]);
    expect([...ntu120MissingSkeletons].filter((id) => !ids.has(id))).toEqual([]);
    expect([...ntu60MissingSkeletons].filter((id) => !ntu120MissingSkeletons.has(id))).toEqual([]);
    expect(ntu120MissingSkeletons.has('S031C003P082R002A086')).toBe(true);
  });

  it('are divided as published, in full and without those that are missing', () => {
    expect(counts(ntu60, ntu60Splits.xsub)).toEqual([40320, 16560]);
    expect(counts(ntu60, ntu60Splits.xview)).toEqual([37920, 18960]);
    const left60 = ntu60.filter(({ id }) => !ntu60MissingSkeletons.has(id));
    expect(counts(left60, ntu60Splits.xsub)).toEqual([40091, 16487]);
    expect(counts(left60, ntu60Splits.xview)).toEqual([37646, 18932]);
    const left120 = all.filter(({ id }) => !ntu120MissingSkeletons.has(id));
    expect(counts(left120, ntu120Splits.xsub)).toEqual([63026, 50919]);
    expect(counts(left120, ntu120Splits.xset)).toEqual([54468, 59477]);
  });
});
