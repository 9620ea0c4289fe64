import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveSettings } from '../settings/resolveSettings.js';
import { evaluateJobs, shardOf, trainJobs } from './plan.js';

const settings = resolveSettings({ preset: 'smoke', data: 'ntu60', seeds: [1, 2] }).settings;
const ids = (jobs: readonly { id: string }[]) => jobs.map(({ id }) => id);

describe('trainJobs', () => {
  it('puts the streams before the networks of their seed, the longest first', () => {
    const jobs = trainJobs(settings, 100);
    expect(ids(jobs.slice(0, 5))).toEqual([
      'train video, seed 1',
      'train skeleton, seed 1',
      'train pgd-at, seed 1',
      'train amr-at, seed 1',
      'train undefended, seed 1',
    ]);
    expect(jobs).toHaveLength(10);
    for (const { after, stream, seed } of jobs) {
      expect(after).toEqual(stream ? [] : [`train video, seed ${seed}`, `train skeleton, seed ${seed}`]);
    }
    const [pgd, plain] = ['pgd-at', 'undefended'].map(
      (name) => jobs.find(({ network }) => network === name)!,
    );
    // One and a half passes for a step of training, and one for each of the attack's two gradients.
    expect(pgd!.work / plain!.work).toBeCloseTo(3.5 / 1.5);
  });
});

describe('evaluateJobs', () => {
  it('divides each evaluation at whole batches, and into 32 parts at most', () => {
    const partsOf = (set: string[], clips: number) =>
      evaluateJobs(resolveSettings({ preset: 'smoke', data: 'ntu60', set }).settings, clips).filter(
        ({ suite, network }) => suite === 'gradient' && network === 'amr-at',
      ).length;
    const batch = 'evaluation.batchSize=16';
    const all = 'evaluation.suites.gradient.samples=all';
    expect(partsOf([batch, all], 16)).toBe(1);
    expect(partsOf([batch, all], 17)).toBe(2);
    expect(partsOf([batch, all], 16_487)).toBe(32);
    expect(partsOf([batch, 'evaluation.suites.gradient.samples=40'], 16_487)).toBe(3);
    expect(partsOf([batch, 'evaluation.suites.gradient.samples=40'], 8)).toBe(1);
  });

  it('names every part and every result once, also over trainings', () => {
    const jobs = [...trainJobs(settings, 50), ...evaluateJobs(settings, 50)];
    expect(new Set(ids(jobs)).size).toBe(jobs.length);
    expect(jobs.every(({ work }) => work > 0)).toBe(true);
  });
});

describe('shardOf', () => {
  it('gives every job to one of any number of machines, as evenly as possible', () => {
    const jobs = evaluateJobs(settings, 200);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), (count) => {
        const shares = Array.from({ length: count }, (_, index) => shardOf(jobs, { index, count }));
        expect(ids(shares.flat()).sort()).toEqual(ids(jobs).sort());
        const sizes = shares.map(({ length }) => length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
