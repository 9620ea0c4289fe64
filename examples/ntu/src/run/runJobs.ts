import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { showJobs } from '@amr/example-jobs';
import type { RunJob } from './plan.js';
import { partOf, type RunRecord, trainedOf } from './runFolder.js';

/** Options of {@link runJobs}. */
export interface WorkOptions {
  /** Jobs that run at once. Default: one for each core. */
  readonly workers?: number;
  readonly signal: AbortSignal;
}

/** What a worker thread receives next to its job. */
export interface WorkerData {
  readonly run: RunRecord;
  readonly out: string;
}

/** The file that exists when a job is finished. */
export const resultOf = (out: string, job: RunJob): string =>
  job.kind === 'train' ? trainedOf(out, job) : partOf(out, job);

/**
 * Runs the unfinished jobs, each in its own thread, with progress on the terminal.
 * @returns false when it was stopped before the end
 * @throws when a job depends on one that is neither finished nor among these
 */
export async function runJobs<J extends RunJob>(
  run: RunRecord,
  out: string,
  jobs: readonly J[],
  { workers, signal }: WorkOptions,
): Promise<boolean> {
  const isDone = (job: J) => existsSync(resultOf(out, job));
  const waiting = jobs.filter((job) => !isDone(job));
  if (waiting.length === 0) return true;
  const workerData: WorkerData = { run, out };
  return showJobs({
    jobs,
    isDone,
    worker: new URL('./worker.js', import.meta.url),
    workerData,
    workers: jobsAtOnce(waiting.length, workers),
    signal,
  });
}

/** How many of the waiting jobs run at once: fewer jobs than cores get more threads each. */
export const jobsAtOnce = (waiting: number, workers = availableParallelism()): number =>
  Math.min(waiting, workers);
