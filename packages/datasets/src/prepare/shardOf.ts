import { DatasetError } from '../datasetError.js';

/** One of several equal shares of some work. */
export interface Share {
  /** Which one, from 0. */
  index: number;
  /** How many there are. */
  count: number;
}

/**
 * Which share of some work a process has, told by an argument such as `3/16`: the third of 16, from `1/16` to `16/16`.
 *
 * Without an argument a job scheduler tells, where there is one; `auto` demands that there is. Slurm's array jobs by SLURM_ARRAY_TASK_ID, _MIN, _STEP and _COUNT (`--array=0-15`, or `1-16`, which
 * is the same), Kubernetes' Indexed Jobs by JOB_COMPLETION_INDEX, which says nothing of how many there are: AMR_SHARD_COUNT does. With
 * AMR_SHARD_COUNT the number of a task counts from 0 in Slurm too, so that some tasks of an array can be submitted again alone.
 * @param text `number/count`, `auto`, or undefined
 * @param env the environment, such as `process.env`
 * @returns the share, its `index` counted from 0; undefined without an argument and a scheduler
 * @throws {DatasetError} when the text is neither, or the environment doesn't tell
 * @example
 * ```ts
 * import { shardOf } from '@amr/datasets/node';
 *
 * console.log(shardOf('3/16', {})); // { index: 2, count: 16 }
 * console.log(shardOf(undefined, { JOB_COMPLETION_INDEX: '0', AMR_SHARD_COUNT: '4' })); // { index: 0, count: 4 }
 * ```
 */
export function shardOf(
  text: string | undefined,
  env: { readonly [name: string]: string | undefined },
): Share | undefined {
  if (text === undefined && !schedulers.some((name) => env[name])) return undefined;
  if (text === undefined || text === 'auto') return fromScheduler(env);
  const parts = /^(\d{1,9})\/(\d{1,9})$/.exec(text);
  if (!parts) {
    throw new DatasetError(`shard: expected number/count such as 3/16, or auto, got '${text}'`);
  }
  const [number, count] = [Number(parts[1]), Number(parts[2])];
  if (number < 1 || number > count) {
    throw new DatasetError(`shard: expected a number from 1/${count} to ${count}/${count}, got '${text}'`);
  }
  return { index: number - 1, count };
}

/** Variables by which schedulers number what they start. */
const schedulers = ['SLURM_ARRAY_TASK_ID', 'JOB_COMPLETION_INDEX'];

function fromScheduler(env: { readonly [name: string]: string | undefined }): Share {
  const number = (name: string): number | undefined => {
    const text = env[name];
    if (text === undefined || text === '') return undefined;
    if (!/^\d{1,9}$/.test(text))
      throw new DatasetError(`shard: ${name} is '${text}', a whole number was expected`);
    return Number(text);
  };
  const count = number('AMR_SHARD_COUNT');
  const task = number('SLURM_ARRAY_TASK_ID');
  const index = task ?? number('JOB_COMPLETION_INDEX');
  if (index === undefined) {
    throw new DatasetError(
      'shard auto: neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set; outside of such a job give number/count, such as 3/16',
    );
  }
  const source = task === undefined ? 'JOB_COMPLETION_INDEX' : 'SLURM_ARRAY_TASK_ID';
  if (count !== undefined) return checked(index, count, `${source} and AMR_SHARD_COUNT`);
  if (task === undefined) {
    throw new DatasetError(
      "shard: JOB_COMPLETION_INDEX is set, but not how many there are: set AMR_SHARD_COUNT to the job's completions",
    );
  }
  const tasks = number('SLURM_ARRAY_TASK_COUNT');
  if (tasks === undefined) {
    throw new DatasetError(
      'shard: SLURM_ARRAY_TASK_ID is set, but neither SLURM_ARRAY_TASK_COUNT nor AMR_SHARD_COUNT',
    );
  }
  const first = number('SLURM_ARRAY_TASK_MIN') ?? 0;
  const step = number('SLURM_ARRAY_TASK_STEP') || 1;
  const last = number('SLURM_ARRAY_TASK_MAX');
  const place = (task - first) / step;
  if (!Number.isInteger(place) || (last !== undefined && (last - first) / step + 1 !== tasks)) {
    throw new DatasetError(
      `shard: the ${tasks} tasks of this array from ${first} to ${last ?? 'its end'} aren't evenly numbered: ` +
        `set AMR_SHARD_COUNT to how many shares there are in all; tasks are counted from 0 then`,
    );
  }
  return checked(place, tasks, 'SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT');
}

function checked(index: number, count: number, source: string): Share {
  if (index >= 0 && index < count) return { index, count };
  throw new DatasetError(
    `shard: by ${source} this is number ${index} of ${count}, counted from 0; give number/count, such as 3/16`,
  );
}
