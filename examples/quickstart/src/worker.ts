import { parentPort, workerData } from 'node:worker_threads';
import { useBackend } from '@amr/backend';
import { type Progress, type StopFlag, signalOf, type WorkerMessage } from '@amr/example-jobs';
import { openData, type SharedData } from './data.js';
import { work } from './jobs.js';
import type { Job } from './plan.js';
import type { Settings } from './settings.js';

/** A worker thread: one job, on its own backend. */
const { job, flag, threads, settings, data, out } = workerData as {
  job: Job;
  flag: StopFlag;
  threads: number;
  settings: Settings;
  data: SharedData;
  out: string;
};
const send = (message: WorkerMessage) => parentPort?.postMessage(message);
const { signal, check } = signalOf(flag);

await useBackend({ threads });
const finished = await work(job, {
  settings,
  out,
  data: openData(data),
  signal,
  report(progress: Progress) {
    check();
    send({ type: 'progress', ...progress });
  },
});
send(finished ? { type: 'finished' } : { type: 'stopped' });
