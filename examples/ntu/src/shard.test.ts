import { describe, expect, it } from 'vitest';
import { parseShard, shardOfCluster } from './shard.js';

describe('parseShard', () => {
  it('counts from 1', () => {
    expect(parseShard('1/16')).toEqual({ index: 0, count: 16 });
    expect(parseShard('16/16')).toEqual({ index: 15, count: 16 });
  });

  it.each(['0/16', '17/16', '3', '3/', '-1/4', '1.5/4', 'a/b'])('refuses %s', (text) => {
    expect(() => parseShard(text)).toThrow(/a share such as 3\/16 was expected/);
  });
});

describe('shardOfCluster', () => {
  it('is undefined elsewhere', () => {
    expect(shardOfCluster({})).toBeUndefined();
  });

  it('goes by a Slurm array, wherever it starts', () => {
    const array = { SLURM_ARRAY_TASK_MIN: '1', SLURM_ARRAY_TASK_COUNT: '16' };
    expect(shardOfCluster({ ...array, SLURM_ARRAY_TASK_ID: '3' })).toEqual({ index: 2, count: 16 });
    expect(shardOfCluster({ SLURM_ARRAY_TASK_ID: '3', SLURM_ARRAY_TASK_COUNT: '4' })).toEqual({
      index: 3,
      count: 4,
    });
    expect(
      shardOfCluster({
        SLURM_ARRAY_TASK_ID: '20',
        SLURM_ARRAY_TASK_MIN: '10',
        SLURM_ARRAY_TASK_STEP: '5',
        SLURM_ARRAY_TASK_COUNT: '3',
      }),
    ).toEqual({ index: 2, count: 3 });
  });

  it('goes by an Indexed Job', () => {
    expect(shardOfCluster({ JOB_COMPLETION_INDEX: '0', JOB_COMPLETIONS: '8' })).toEqual({
      index: 0,
      count: 8,
    });
  });

  it.each([
    [{ JOB_COMPLETION_INDEX: '0' }, /JOB_COMPLETIONS: it is not set/],
    [{ JOB_COMPLETION_INDEX: '', JOB_COMPLETIONS: '8' }, /JOB_COMPLETION_INDEX: ''/],
    [{ JOB_COMPLETION_INDEX: '8', JOB_COMPLETIONS: '8' }, /share 9 of 8/],
    [{ SLURM_ARRAY_TASK_ID: 'x', SLURM_ARRAY_TASK_COUNT: '8' }, /SLURM_ARRAY_TASK_ID: 'x'/],
    // An array with holes, 1 and 7 of two jobs: which share is meant can't be known.
    [
      { SLURM_ARRAY_TASK_ID: '7', SLURM_ARRAY_TASK_MIN: '1', SLURM_ARRAY_TASK_COUNT: '2' },
      /share 7 of 2; --shard/,
    ],
  ])('refuses %j', (env, message) => {
    expect(() => shardOfCluster(env)).toThrow(message);
  });
});
