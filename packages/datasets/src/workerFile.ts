import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/**
 * The built file of a worker thread: it lies beside the built module that starts it. Run from its sources, as tests are, this
 * package has no JavaScript of its own to start, and takes the file of its last build.
 */
export function workerFile(name: 'prepareWorker' | 'streamWorker'): URL {
  const beside = new URL(`./${name}.js`, import.meta.url);
  return existsSync(beside) ? beside : new URL(`../dist/${name}.js`, import.meta.url);
}

/** Starts a worker thread. It doesn't take over `--input-type`, which is about the program's own text: no file starts with it. */
export function startWorker(name: Parameters<typeof workerFile>[0], workerData: unknown): Worker {
  const isText = process.execArgv.some((option) => option.startsWith('--input-type'));
  return new Worker(workerFile(name), { workerData, ...(isText && { execArgv: [] }) });
}
