import { parentPort, workerData } from 'node:worker_threads';
import { useBackend } from '@amr/backend';
import { type Progress, type StopFlag, signalOf, type WorkerMessage } from '@amr/example-jobs';
import { writeAtomically } from '@amr/internal/node';
import { evaluatePart } from './run/evaluatePart.js';
import type { RunJob } from './run/plan.js';
import { resultOf, type WorkerData } from './run/runJobs.js';
import { type JobContext, trainNetwork } from './run/trainNetwork.js';

/** A worker thread: one job, on its own backend. */
const { job, flag, threads, run, out } = workerData as WorkerData & {
  job: RunJob;
  flag: StopFlag;
  threads: number;
};
const say = (message: WorkerMessage) => parentPort?.postMessage(message);
const { signal, check } = signalOf(flag);

const { backend } = await useBackend({ threads });
const context: JobContext = {
  run,
  out,
  backend,
  readers: Math.min(4, threads),
  signal,
  report(progress: Progress) {
    check();
    say({ type: 'progress', ...progress });
  },
};
try {
  const result = job.kind === 'train' ? await trainNetwork(job, context) : await evaluatePart(job, context);
  if (result === undefined) say({ type: 'stopped' });
  else {
    await writeAtomically(resultOf(out, job), `${JSON.stringify(result)}\n`);
    say({ type: 'finished' });
  }
} catch (error) {
  if (!signal.aborted) throw error;
  say({ type: 'stopped' });
}
