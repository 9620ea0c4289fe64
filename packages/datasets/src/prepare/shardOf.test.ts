import { describe, expect, it } from 'vitest';
import { shardOf } from './shardOf.js';

describe('shardOf', () => {
  it('reads number/count', () => {
    expect(shardOf('1/1', {})).toEqual({ index: 0, count: 1 });
    expect(shardOf('16/16', {})).toEqual({ index: 15, count: 16 });
    for (const text of ['17/16', '0/16', '0/0'])
      expect(() => shardOf(text, {})).toThrow(/expected a number from 1/);
    for (const text of ['', '3', '1.5/3', '-1/3', '3/16 ', 'automatic', '1/99999999999']) {
      expect(() => shardOf(text, {}), text).toThrow(/^shard: got '.*'; expected number\/count such as 3\/16/);
    }
  });

  it('reads the numbers of a Slurm array, wherever they start', () => {
    const array = (id: number, min: number, max: number, step = 1, count = (max - min) / step + 1) => ({
      SLURM_ARRAY_TASK_ID: String(id),
      SLURM_ARRAY_TASK_MIN: String(min),
      SLURM_ARRAY_TASK_MAX: String(max),
      SLURM_ARRAY_TASK_STEP: String(step),
      SLURM_ARRAY_TASK_COUNT: String(count),
    });
    expect(shardOf('auto', array(3, 0, 15))).toEqual({ index: 3, count: 16 });
    expect(shardOf('auto', array(16, 1, 16))).toEqual({ index: 15, count: 16 });
    expect(shardOf(undefined, array(16, 1, 16))).toEqual({ index: 15, count: 16 });
    expect(shardOf('auto', array(8, 0, 12, 4))).toEqual({ index: 2, count: 4 });
    // Tasks 3 and 7 of an array, submitted again.
    const again = array(3, 3, 7, 1, 2);
    expect(() => shardOf('auto', again)).toThrow(/2 tasks of a Slurm array from 3 to 7.*AMR_SHARD_COUNT/);
    expect(shardOf('auto', { ...again, AMR_SHARD_COUNT: '16' })).toEqual({ index: 3, count: 16 });
    expect(() => shardOf('auto', { SLURM_ARRAY_TASK_ID: '3' })).toThrow(
      /SLURM_ARRAY_TASK_COUNT: got undefined.*AMR_SHARD_COUNT/,
    );
    expect(() => shardOf('auto', { SLURM_ARRAY_TASK_ID: '3', AMR_SHARD_COUNT: '3' })).toThrow(
      /number 3 of 3/,
    );
  });

  it('reads the index of a Kubernetes Indexed Job', () => {
    expect(shardOf('auto', { JOB_COMPLETION_INDEX: '2', AMR_SHARD_COUNT: '8' })).toEqual({
      index: 2,
      count: 8,
    });
    expect(() => shardOf('auto', { JOB_COMPLETION_INDEX: '2' })).toThrow(
      /AMR_SHARD_COUNT: got undefined.*JOB_COMPLETION_INDEX/,
    );
    expect(() => shardOf('auto', { JOB_COMPLETION_INDEX: 'two', AMR_SHARD_COUNT: '8' })).toThrow(
      /^JOB_COMPLETION_INDEX: got 'two'/,
    );
    expect(shardOf(undefined, {})).toBeUndefined();
    expect(() => shardOf('auto', {})).toThrow(
      /got auto; expected SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX/,
    );
  });
});
