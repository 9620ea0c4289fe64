import { describe, expect, it } from 'vitest';
import { DEFENCES, type Job, plan, resultOf } from './plan.js';
import { presets } from './presets.js';

const sizes = { train: 100, test: 50 };

describe('plan', () => {
  const settings = { ...presets['utd-mhad']!, seeds: [1, 2, 3] };
  const jobs = plan(settings, sizes);

  it('trains and attacks every defence with every seed, in all shards', () => {
    for (const seed of settings.seeds) {
      for (const defence of DEFENCES) {
        const mine = jobs.filter(
          (job) => job.kind !== 'examples' && job.defence === defence && job.seed === seed,
        );
        expect(mine.filter(({ kind }) => kind === 'train')).toHaveLength(1);
        expect(mine.filter(({ kind }) => kind === 'evaluate')).toHaveLength(settings.evaluation.shards);
      }
    }
  });

  it('gives each job a unique id and result file, and starts it after the jobs that it needs', () => {
    const ids = jobs.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(jobs.map((job) => resultOf('out', job))).size).toBe(ids.length);
    jobs.forEach((job, i) => {
      for (const id of job.after) expect(ids.slice(0, i)).toContain(id);
    });
  });

  it('counts the steps of the attack into the work of a training', () => {
    const work = (defence: string) =>
      jobs.find((job): job is Job & { kind: 'train' } => job.kind === 'train' && job.defence === defence)!
        .work;
    expect(work('pgd-at') / work('undefended')).toBeCloseTo((1.5 + settings.training.attackSteps) / 1.5);
  });

  it('lets the first part of each evaluation make the checks', () => {
    const parts = (made: readonly Job[]) =>
      made.filter((job) => job.kind === 'evaluate' && job.defence === 'pgd-at' && job.seed === 1);
    const [first, ...others] = parts(jobs).map(({ work }) => work);
    expect(new Set(others).size).toBe(1);
    expect(first!).toBeGreaterThan(others[0]!);
    const { checks: _, ...unchecked } = settings.evaluation;
    const without = parts(plan({ ...settings, evaluation: unchecked }, sizes)).map(({ work }) => work);
    expect(without).toEqual([first, ...others].map(() => others[0]));
  });
});

it('presets are named after themselves', () => {
  for (const [name, preset] of Object.entries(presets)) expect(preset.preset).toBe(name);
});
