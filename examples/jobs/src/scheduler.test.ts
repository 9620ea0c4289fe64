import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from './job.js';
import { type SchedulerOptions, schedule } from './scheduler.js';

interface TestJob extends Job {
  /** How its thread ends. */
  ends?: 'finished' | 'throws' | 'exits' | 'waits';
}

const job = (id: string, after: string[] = [], ends: TestJob['ends'] = 'finished'): TestJob => ({
  id,
  after,
  work: 1,
  ends,
});

let folder: string;
let worker: URL;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'scheduler-'));
  const file = join(folder, 'worker.mjs');
  writeFileSync(
    file,
    `import { parentPort, workerData } from 'node:worker_threads';
const { job, flag, threads } = workerData;
parentPort.postMessage({ type: 'progress', done: 1, total: 2, text: 'threads ' + threads });
if (job.ends === 'throws') throw new Error('no room');
if (job.ends === 'exits') process.exit(7);
if (job.ends === 'waits') {
  // Numerical work: the event loop is blocked, only the flag gets through.
  while (Atomics.load(flag, 0) === 0) Atomics.wait(flag, 0, 0, 5);
  parentPort.postMessage({ type: 'stopped' });
} else parentPort.postMessage({ type: 'finished' });
`,
  );
  worker = pathToFileURL(file);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(jobs: TestJob[], options: Partial<SchedulerOptions<TestJob>> = {}) {
  const events: string[] = [];
  const result = schedule({
    jobs,
    isDone: () => false,
    worker,
    workerData: {},
    workers: 2,
    signal: new AbortController().signal,
    onStart: ({ id }) => events.push(`+${id}`),
    onEnd: ({ id }) => events.push(`-${id}`),
    ...options,
  });
  return { events, result };
}

describe('schedule', () => {
  it('starts a job when those before it are finished, and repeats no finished job', async () => {
    const { events, result } = run([job('c', ['a', 'b']), job('a'), job('b'), job('d', ['c'])], {
      isDone: ({ id }) => id === 'b',
    });
    expect(await result).toBe(true);
    expect(events).toEqual(['+a', '-a', '+c', '-c', '+d', '-d']);
  });

  it('passes progress on, and tells each worker how many threads it may use', async () => {
    const texts: string[] = [];
    const { result } = run([job('a')], { workers: 1000, onProgress: (_, { text }) => texts.push(text) });
    await result;
    expect(texts).toEqual(['threads 1']);
  });

  it.each([
    ['throws', /^b: no room$/],
    ['exits', /^b: its thread ended before the job was finished \(exit code 7\)/],
  ] as const)('a thread that %s stops the others, and its error is thrown', async (ends, message) => {
    const { events, result } = run([job('a', [], 'waits'), job('b', [], ends), job('c')]);
    await expect(result).rejects.toThrow(message);
    expect(events).toEqual(['+a', '+b']);
  });

  it('stops running jobs in the middle of their work, and starts no others', async () => {
    const controller = new AbortController();
    const { events, result } = run([job('a', [], 'waits'), job('b', ['a'])], {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    expect(await result).toBe(false);
    expect(events).toEqual(['+a']);
  });
});
