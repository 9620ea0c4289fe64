import { InvalidArgumentError } from 'commander';

/** A share of the samples: number `index`, from 0, of `count`. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** `3/16`, the third of sixteen, as it is said on the command line. */
export function parseShard(text: string): Shard {
  const [, number, count] = /^(\d+)\/(\d+)$/.exec(text)?.map(Number) ?? [];
  if (number === undefined || count === undefined || number < 1 || number > count) {
    throw new InvalidArgumentError('a share such as 3/16 was expected, from 1/16 to 16/16');
  }
  return { index: number - 1, count };
}

/**
 * The share that a cluster's job is for: of a Slurm array (SLURM_ARRAY_TASK_ID, _MIN, _STEP and _COUNT), or of a
 * Kubernetes Indexed Job (JOB_COMPLETION_INDEX, and JOB_COMPLETIONS, which the Job's manifest has to set). Undefined
 * elsewhere.
 */
export function shardOfCluster(env: { readonly [name: string]: string | undefined }): Shard | undefined {
  const number = (name: string, otherwise?: number): number => {
    const text = env[name];
    if (text === undefined && otherwise !== undefined) return otherwise;
    const value = Number(text);
    if (text === undefined || text === '' || !Number.isInteger(value) || value < 0) {
      throw new Error(
        `${name}: ${text === undefined ? 'it is not set' : `'${text}'`}, a whole number was expected; --shard 3/16 says the share outright`,
      );
    }
    return value;
  };
  const within = (index: number, count: number): Shard => {
    if (Number.isInteger(index) && index >= 0 && index < count) return { index, count };
    throw new Error(
      `the cluster's numbers make share ${index + 1} of ${count}; --shard 3/16 says it outright`,
    );
  };
  if (env['SLURM_ARRAY_TASK_ID'] !== undefined) {
    const place = number('SLURM_ARRAY_TASK_ID') - number('SLURM_ARRAY_TASK_MIN', 0);
    return within(place / number('SLURM_ARRAY_TASK_STEP', 1), number('SLURM_ARRAY_TASK_COUNT'));
  }
  if (env['JOB_COMPLETION_INDEX'] !== undefined) {
    return within(number('JOB_COMPLETION_INDEX'), number('JOB_COMPLETIONS'));
  }
  return undefined;
}
