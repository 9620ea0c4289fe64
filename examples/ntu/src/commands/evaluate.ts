import { existsSync } from 'node:fs';
import type { Shard } from '@amr/datasets/node';
import { evaluateJobs, shardOf } from '../run/plan.js';
import { type RunRecord, trainedOf } from '../run/runFolder.js';
import { runJobs, type WorkOptions } from '../run/runJobs.js';

/** Options of `evaluate`. */
export interface EvaluateOptions extends WorkOptions {
  /** Clips of the test part. */
  readonly clips: number;
  /** This machine's shard of the parts; absent: all. */
  readonly shard?: Shard;
}

/**
 * Attacks the two-stream networks of a run, part by part; finished parts are skipped.
 * @returns false when it was stopped before the end; the same command resumes it
 * @throws when a network isn't trained
 */
export async function evaluate(run: RunRecord, out: string, options: EvaluateOptions): Promise<boolean> {
  const { clips, shard, ...work } = options;
  const jobs = evaluateJobs(run.settings, clips);
  const untrained = jobs.find((job) => !existsSync(trainedOf(out, job)));
  if (untrained) {
    throw new Error(
      `${out}: got no trained ${untrained.network} with seed ${untrained.seed}; expected its trained.json. Run 'train' with the same options first.`,
    );
  }
  return runJobs(run, out, shard ? shardOf(jobs, shard) : jobs, work);
}
