import { existsSync } from 'node:fs';
import type { Shard } from '@amr/datasets/node';
import { evaluateJobs, shareOf } from '../run/plan.js';
import { type RunRecord, trainedOf } from '../run/runFolder.js';
import { runJobs, type WorkOptions } from '../run/runJobs.js';

/** Which of a run's attacks to make. */
export interface EvaluateOptions extends WorkOptions {
  /** Clips of the test part. */
  readonly clips: number;
  /** This machine's share of the parts; absent: all. */
  readonly shard?: Shard;
}

/**
 * Attacks the two-stream networks of a run, part by part; what is done is not done again.
 * @returns false when it was stopped before the end; the same command goes on
 * @throws when a network isn't trained
 */
export async function evaluate(run: RunRecord, out: string, options: EvaluateOptions): Promise<boolean> {
  const { clips, shard, ...work } = options;
  const jobs = evaluateJobs(run.settings, clips);
  const untrained = jobs.find((job) => !existsSync(trainedOf(out, job)));
  if (untrained) {
    throw new Error(
      `${untrained.network} is not trained with seed ${untrained.seed} in ${out}: run 'train' with the same options first`,
    );
  }
  return runJobs(run, out, shard ? shareOf(jobs, shard) : jobs, work);
}
