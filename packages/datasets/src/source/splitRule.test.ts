import { describe, expect, it } from 'vitest';
import { partOfSplit } from './splitRule.js';

const samples = [1, 2, 3, 2].map((subject, i) => ({ id: `s${i}`, tags: { subject } }));

describe('partOfSplit', () => {
  it('tests on what does not train', () => {
    const rule = { by: 'subject', train: [1, 3] };
    expect(partOfSplit(samples, rule, 'train')).toEqual([0, 2]);
    expect(partOfSplit(samples, rule, 'test')).toEqual([1, 3]);
  });

  it('leaves samples out that are in neither list', () => {
    const rule = { by: 'subject', train: [1], test: [3] };
    expect(partOfSplit(samples, rule, 'test')).toEqual([2]);
    const ids = { ids: { train: ['s3'], test: ['s0', 'unknown'] } };
    expect(partOfSplit(samples, ids, 'train')).toEqual([3]);
    expect(partOfSplit(samples, ids, 'test')).toEqual([0]);
  });

  it('says which tag is missing', () => {
    expect(() => partOfSplit(samples, { by: 'camera', train: [2] }, 'train')).toThrow(
      /'s0' has no tag 'camera'.*subject/,
    );
  });
});
