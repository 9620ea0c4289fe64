import { existsSync } from 'node:fs';

/**
 * The built file of a worker thread: it lies beside the built module that starts it. Run from its sources, as tests are, this
 * package has no JavaScript of its own to start, and takes the file of its last build.
 */
export function workerFile(name: 'prepareWorker' | 'streamWorker'): URL {
  const beside = new URL(`./${name}.js`, import.meta.url);
  return existsSync(beside) ? beside : new URL(`../dist/${name}.js`, import.meta.url);
}
