import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Job, Progress } from './job.js';
import { requestStop, type StopFlag, stopFlag } from './stop.js';

/** What a worker thread sends. */
export type WorkerMessage = ({ type: 'progress' } & Progress) | { type: 'stopped' } | { type: 'finished' };

export interface SchedulerOptions<J extends Job> {
  jobs: readonly J[];
  /** Whether a job's result is there already: then it isn't run again. */
  isDone: (job: J) => boolean;
  /** The file that a worker thread runs. */
  worker: URL;
  /** What every worker gets in its `workerData`, next to its `job`, the stop `flag` and the number of `threads`. */
  workerData: object;
  /** Jobs that run at once. Default: one for each core. */
  workers?: number;
  onStart?: (job: J) => void;
  onProgress?: (job: J, progress: Progress) => void;
  onEnd?: (job: J, seconds: number) => void;
  signal: AbortSignal;
}

/**
 * Runs the jobs on worker threads, each with its own backend, as many at once as there are cores. Each worker receives in
 * its `workerData` how many `threads` it may use. A job starts when all jobs in its `after` are finished. An error in a job
 * stops the others and is thrown.
 * @returns false when it was stopped before the end
 */
export async function schedule<J extends Job>(options: SchedulerOptions<J>): Promise<boolean> {
  const { jobs, signal } = options;
  const done = new Set(jobs.filter(options.isDone).map((job) => job.id));
  const waiting = jobs.filter((job) => !done.has(job.id));
  const running = new Map<string, { flag: StopFlag; ended: Promise<void> }>();
  const cores = availableParallelism();
  const workers = options.workers ?? cores;
  const threads = Math.max(1, Math.floor(cores / workers));
  let failure: Error | undefined;
  let stopped = false;
  const stopAll = () => {
    stopped = true;
    for (const { flag } of running.values()) requestStop(flag);
  };
  signal.addEventListener('abort', stopAll);
  if (signal.aborted) stopAll();

  const start = (job: J) => {
    const flag = stopFlag();
    const started = performance.now();
    options.onStart?.(job);
    const ended = runOne(job, flag, threads, options)
      .then((finished) => {
        if (!finished) return;
        done.add(job.id);
        options.onEnd?.(job, (performance.now() - started) / 1000);
      })
      .catch((error: Error) => {
        failure ??= new Error(`${job.id}: ${error.message}`, { cause: error });
        stopAll();
      })
      .finally(() => running.delete(job.id));
    running.set(job.id, { flag, ended });
  };

  while (waiting.length > 0 || running.size > 0) {
    while (!stopped && running.size < workers) {
      const next = waiting.findIndex((job) => job.after.every((id) => done.has(id)));
      if (next < 0) break;
      start(waiting.splice(next, 1)[0]!);
    }
    if (running.size === 0) break;
    await Promise.race([...running.values()].map(({ ended }) => ended));
  }
  signal.removeEventListener('abort', stopAll);
  if (failure) throw failure;
  return done.size === jobs.length;
}

function runOne<J extends Job>(
  job: J,
  flag: StopFlag,
  threads: number,
  options: SchedulerOptions<J>,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(options.worker, {
      workerData: { ...options.workerData, job, flag, threads },
    });
    let ended: 'finished' | 'stopped' | undefined;
    worker.on('message', (message: WorkerMessage) => {
      if (message.type === 'progress') options.onProgress?.(job, message);
      else ended = message.type;
    });
    worker.on('error', reject);
    worker.on('exit', (code) => {
      if (ended) resolve(ended === 'finished');
      else
        reject(
          new Error(
            `its thread ended before the job was finished (exit code ${code}); see the messages above`,
          ),
        );
    });
  });
}
