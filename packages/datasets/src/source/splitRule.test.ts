import { describe, expect, it } from 'vitest';
import { partOfSplit } from './splitRule.js';

const samples = [1, 2, 3, 2].map((subject, i) => ({ id: `s${i}`, tags: { subject } }));

describe('partOfSplit', () => {
  it('puts all samples that are not in the training part into the test part', () => {
    const rule = { by: 'subject', train: [1, 3] };
    expect(partOfSplit(samples, rule, 'train')).toEqual([0, 2]);
    expect(partOfSplit(samples, rule, 'test')).toEqual([1, 3]);
  });

  it('puts samples of neither list into no part', () => {
    const rule = { by: 'subject', train: [1], test: [3] };
    expect(partOfSplit(samples, rule, 'test')).toEqual([2]);
    const ids = { ids: { train: ['s3'], test: ['s0', 'unknown'] } };
    expect(partOfSplit(samples, ids, 'train')).toEqual([3]);
    expect(partOfSplit(samples, ids, 'test')).toEqual([0]);
  });

  it('says which tag is missing', () => {
    expect(() => partOfSplit(samples, { by: 'camera', train: [2] }, 'train')).toThrow(
      /split\.by: got 'camera'; expected a tag of sample 's0': subject/,
    );
  });
});
