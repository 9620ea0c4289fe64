import { DatasetError } from '../datasetError.js';

/** One of several equal shares of some work. */
export interface Share {
  /** Which one, from 0. */
  index: number;
  /** How many there are. */
  count: number;
}

/**
 * Which share of some work a process has, told by an argument such as `3/16`: number 3 of 16, counted from 0.
 *
 * With `auto` a job scheduler tells: Slurm's array jobs by SLURM_ARRAY_TASK_ID, _MIN, _STEP and _COUNT (`--array=0-15`, or `1-16`, which
 * is the same), Kubernetes' Indexed Jobs by JOB_COMPLETION_INDEX, which says nothing of how many there are: AMR_SHARD_COUNT does. With
 * AMR_SHARD_COUNT the number of a task counts from 0 in Slurm too, so that some tasks of an array can be submitted again alone.
 * @param text `index/count` or `auto`
 * @param env the environment, such as `process.env`
 * @returns 0 <= index < count
 * @throws {DatasetError} when the text is neither, or the environment doesn't tell
 * @example
 * ```ts
 * import { shardOf } from '@amr/datasets/node';
 *
 * console.log(shardOf('3/16', {})); // { index: 3, count: 16 }
 * console.log(shardOf('auto', { JOB_COMPLETION_INDEX: '0', AMR_SHARD_COUNT: '4' })); // { index: 0, count: 4 }
 * ```
 */
export function shardOf(text: string, env: { readonly [name: string]: string | undefined }): Share {
  if (text === 'auto') return fromScheduler(env);
  const parts = /^(\d{1,9})\/(\d{1,9})$/.exec(text);
  if (!parts) {
    throw new DatasetError(`shard: expected index/count such as 0/16, or auto, got '${text}'`);
  }
  return checked(Number(parts[1]), Number(parts[2]), `'${text}'`);
}

function fromScheduler(env: { readonly [name: string]: string | undefined }): Share {
  const number = (name: string): number | undefined => {
    const text = env[name];
    if (text === undefined || text === '') return undefined;
    if (!/^\d{1,9}$/.test(text))
      throw new DatasetError(`shard auto: ${name} is '${text}', a whole number was expected`);
    return Number(text);
  };
  const count = number('AMR_SHARD_COUNT');
  const task = number('SLURM_ARRAY_TASK_ID');
  const index = task ?? number('JOB_COMPLETION_INDEX');
  if (index === undefined) {
    throw new DatasetError(
      'shard auto: neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set; outside of such a job give index/count, such as 0/16',
    );
  }
  const source = task === undefined ? 'JOB_COMPLETION_INDEX' : 'SLURM_ARRAY_TASK_ID';
  if (count !== undefined) return checked(index, count, `${source} and AMR_SHARD_COUNT`);
  if (task === undefined) {
    throw new DatasetError(
      "shard auto: JOB_COMPLETION_INDEX is set, but not how many there are: set AMR_SHARD_COUNT to the job's completions",
    );
  }
  const tasks = number('SLURM_ARRAY_TASK_COUNT');
  if (tasks === undefined) {
    throw new DatasetError(
      'shard auto: SLURM_ARRAY_TASK_ID is set, but neither SLURM_ARRAY_TASK_COUNT nor AMR_SHARD_COUNT',
    );
  }
  const first = number('SLURM_ARRAY_TASK_MIN') ?? 0;
  const step = number('SLURM_ARRAY_TASK_STEP') || 1;
  const last = number('SLURM_ARRAY_TASK_MAX');
  const place = (task - first) / step;
  if (!Number.isInteger(place) || (last !== undefined && (last - first) / step + 1 !== tasks)) {
    throw new DatasetError(
      `shard auto: the ${tasks} tasks of this array from ${first} to ${last ?? 'its end'} aren't evenly numbered: ` +
        `set AMR_SHARD_COUNT to how many shares there are in all; tasks are counted from 0 then`,
    );
  }
  return checked(place, tasks, 'SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT');
}

function checked(index: number, count: number, source: string): Share {
  if (index >= 0 && index < count) return { index, count };
  throw new DatasetError(
    `shard: ${source} is number ${index} of ${count}; numbers count from 0, so the last one is ${Math.max(0, count - 1)}`,
  );
}
