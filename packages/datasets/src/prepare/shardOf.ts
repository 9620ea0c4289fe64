import { DatasetError } from '../datasetError.js';

/** One of several equal parts of some work. */
export interface Shard {
  /** Number of the part, from 0. */
  index: number;
  /** Number of parts. */
  count: number;
}

/**
 * Which shard of some work this process does, from an argument such as `3/16`: the third of 16, from `1/16` to `16/16`.
 *
 * Without an argument a job scheduler decides, if there is one; `auto` requires one. Slurm's array jobs set
 * SLURM_ARRAY_TASK_ID, _MIN, _STEP and _COUNT (`--array=0-15` and `--array=1-16` mean the same). Kubernetes' Indexed Jobs set
 * JOB_COMPLETION_INDEX, but not the number of completions: set AMR_SHARD_COUNT. With AMR_SHARD_COUNT the number of a Slurm
 * task counts from 0, too, so that some tasks of an array can be submitted again alone.
 * @param text `number/count`, `auto`, or undefined
 * @param env the environment, such as `process.env`
 * @returns the shard, its `index` counted from 0; undefined without an argument and a scheduler
 * @throws {DatasetError} when the text is neither form, or the environment doesn't define the shard
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
): Shard | undefined {
  if (text === undefined && !SCHEDULERS.some((name) => env[name])) return undefined;
  if (text === undefined || text === 'auto') return fromScheduler(env);
  const parts = /^(\d{1,9})\/(\d{1,9})$/.exec(text);
  if (!parts) {
    throw new DatasetError(`shard: got '${text}'; expected number/count such as 3/16, or auto.`);
  }
  const [number, count] = [Number(parts[1]), Number(parts[2])];
  if (number < 1 || number > count) {
    throw new DatasetError(`shard: got '${text}'; expected a number from 1/${count} to ${count}/${count}.`);
  }
  return { index: number - 1, count };
}

/** Variables in which schedulers number the processes that they start. */
const SCHEDULERS = ['SLURM_ARRAY_TASK_ID', 'JOB_COMPLETION_INDEX'];

function fromScheduler(env: { readonly [name: string]: string | undefined }): Shard {
  const number = (name: string): number | undefined => {
    const text = env[name];
    if (text === undefined || text === '') return undefined;
    if (!/^\d{1,9}$/.test(text)) throw new DatasetError(`${name}: got '${text}'; expected a whole number.`);
    return Number(text);
  };
  const count = number('AMR_SHARD_COUNT');
  const task = number('SLURM_ARRAY_TASK_ID');
  const index = task ?? number('JOB_COMPLETION_INDEX');
  if (index === undefined) {
    throw new DatasetError(
      'shard: got auto; expected SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX to be set. Outside of such a job pass number/count, such as 3/16.',
    );
  }
  const source = task === undefined ? 'JOB_COMPLETION_INDEX' : 'SLURM_ARRAY_TASK_ID';
  if (count !== undefined) return checked(index, count, `${source} and AMR_SHARD_COUNT`);
  if (task === undefined) {
    throw new DatasetError(
      "AMR_SHARD_COUNT: got undefined; expected the number of the job's completions next to JOB_COMPLETION_INDEX. Set it in the job.",
    );
  }
  return slurmArrayShard(task, number);
}

/** The shard of a task in a Slurm array, whose numbers may start anywhere and have any step. */
function slurmArrayShard(task: number, number: (name: string) => number | undefined): Shard {
  const tasks = number('SLURM_ARRAY_TASK_COUNT');
  if (tasks === undefined) {
    throw new DatasetError(
      'SLURM_ARRAY_TASK_COUNT: got undefined; expected the number of tasks next to SLURM_ARRAY_TASK_ID. Set this or AMR_SHARD_COUNT.',
    );
  }
  const first = number('SLURM_ARRAY_TASK_MIN') ?? 0;
  const step = number('SLURM_ARRAY_TASK_STEP') || 1;
  const last = number('SLURM_ARRAY_TASK_MAX');
  const index = (task - first) / step;
  if (!Number.isInteger(index) || (last !== undefined && (last - first) / step + 1 !== tasks)) {
    throw new DatasetError(
      `shard: got the ${tasks} tasks of a Slurm array from ${first} to ${last ?? 'its end'}; expected evenly numbered tasks. ` +
        `Set AMR_SHARD_COUNT to the number of shards in all: tasks then count from 0.`,
    );
  }
  return checked(index, tasks, 'SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT');
}

function checked(index: number, count: number, source: string): Shard {
  if (index >= 0 && index < count) return { index, count };
  throw new DatasetError(
    `shard: got number ${index} of ${count}, counted from 0, from ${source}; expected a number below ${count}. Pass number/count, such as 3/16.`,
  );
}
