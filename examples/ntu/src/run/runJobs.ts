import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { showJobs } from '@amr/example-jobs';
import type { RunJob } from './plan.js';
import { partOf, type RunRecord, trainedOf } from './runFolder.js';

/** How jobs are worked on. */
export interface WorkOptions {
  /** Jobs at once; default one for each core. */
  readonly workers?: number;
  readonly signal: AbortSignal;
}

/** What a worker thread gets beside its job. */
export interface WorkerData {
  readonly run: RunRecord;
  readonly out: string;
}

/** The file that is there when a job is done. */
export const resultOf = (out: string, job: RunJob): string =>
  job.kind === 'train' ? trainedOf(out, job) : partOf(out, job);

/**
 * Works on the jobs that aren't done, each in a thread of its own, with progress on the terminal.
 * @returns false when it was stopped before the end
 * @throws when a job comes after one that isn't done and isn't among these
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
