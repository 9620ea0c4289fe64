import { existsSync } from 'node:fs';
import type { Shard } from '@amr/datasets/node';
import { shardOf, trainJobs } from '../run/plan.js';
import { type RunRecord, trainedOf } from '../run/runFolder.js';
import { runJobs, type WorkOptions } from '../run/runJobs.js';

/** Options of `train`. */
export interface TrainOptions extends WorkOptions {
  /** Clips that are trained on. */
  readonly clips: number;
  /** Each stream alone, or the two-stream networks that start from them; absent: both. */
  readonly stage?: 'streams' | 'networks';
  /** This machine's shard of the trainings; one training isn't divided. */
  readonly shard?: Shard;
}

/**
 * Trains the networks of a run that aren't trained yet.
 * @returns false when it was stopped before the end; the same command resumes it
 * @throws when a network's streams are in another machine's shard, and aren't trained
 */
export async function train(run: RunRecord, out: string, options: TrainOptions): Promise<boolean> {
  const { clips, stage, shard, ...work } = options;
  const jobs = trainJobs(run.settings, clips);
  const staged = stage ? jobs.filter(({ stream }) => (stream !== undefined) === (stage === 'streams')) : jobs;
  const own = shard ? shardOf(staged, shard) : staged;
  const ids = new Set(own.map(({ id }) => id));
  for (const { id, after } of own) {
    const missing = jobs.find(
      (job) => after.includes(job.id) && !ids.has(job.id) && !existsSync(trainedOf(out, job)),
    );
    if (missing) {
      throw new Error(
        `${out}: got no result of '${missing.id}'; expected one before '${id}'. Let all shards of --stage streams finish first, then start --stage networks.`,
      );
    }
  }
  return runJobs(
    run,
    out,
    own.map((job) => ({ ...job, after: job.after.filter((id) => ids.has(id)) })),
    work,
  );
}
