import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/** Entries of the build that are worker threads. */
type WorkerName = 'prepareWorker' | 'streamWorker';

/** Starts a worker thread, without the option `--input-type` of programs that are given as text: files can't be started with it. */
export function startWorker(name: WorkerName, workerData: unknown): Worker {
  const isText = process.execArgv.some((option) => option.startsWith('--input-type'));
  return new Worker(workerFile(name), { workerData, ...(isText && { execArgv: [] }) });
}

/**
 * The built file of a worker thread, in the folder of the built module that starts it. When the sources are run, as in tests, there is
 * no such file, and that of the last build is used.
 */
function workerFile(name: WorkerName): URL {
  const built = new URL(`./${name}.js`, import.meta.url);
  return existsSync(built) ? built : new URL(`../dist/${name}.js`, import.meta.url);
}
