import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { writeAtomically } from '@amr/internal/node';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { WriterTask } from './atomicWriter.js';

const BYTES = 8 * 2 ** 20;
const VERSIONS = 100;
/** 200 files of 8 MB flushed to the disk: seconds on an SSD, minutes on a slow or busy disk. */
const TIMEOUT = 600_000;

let scripts: string;
let writer: string;
let folder: string;
let path: string;
beforeAll(async () => {
  scripts = await mkdtemp(join(tmpdir(), 'amr-writer-'));
  writer = join(scripts, 'atomicWriter.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('atomicWriter.ts', import.meta.url))],
    outfile: writer,
    bundle: true,
    format: 'esm',
    platform: 'node',
  });
});
afterAll(() => rm(scripts, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'amr-atomic-'));
  path = join(folder, 'report.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Starts a process; what it writes to its standard error comes with the test's own. */
const startProcess = (task: WriterTask): ChildProcess =>
  fork(writer, [JSON.stringify(task)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });

/** Resolves with the exit code of a writer thread; rejects with the error that a write threw. */
async function inThread(task: WriterTask): Promise<number> {
  const [code] = await once(new Worker(writer, { workerData: task }), 'exit');
  return code;
}

/** Resolves with the exit code of a writer process, which is 1 when a write threw. */
async function inProcess(task: WriterTask): Promise<number> {
  const [code] = await once(startProcess({ ...task, pid: 4242 }), 'exit');
  return code;
}

describe('writeAtomically', () => {
  it.each([
    ['threads', inThread],
    ['processes with the same process.pid', inProcess],
  ] as const)(
    'lets two %s write one file, of which readers see only whole versions',
    async (_, run) => {
      await writeAtomically(path, Buffer.alloc(BYTES, 255));
      const task = { path, bytes: BYTES, versions: VERSIONS };
      let isWriting = true;
      const exits = Promise.all([run({ ...task, from: 0 }), run({ ...task, from: VERSIONS })]).finally(() => {
        isWriting = false;
      });
      const seen = new Set<number>();
      const torn: string[] = [];
      while (isWriting) {
        const bytes = await readFile(path);
        seen.add(bytes[0]!);
        // All bytes are equal to the one before, so all are equal.
        if (bytes.length !== BYTES || !bytes.subarray(1).equals(bytes.subarray(0, -1)))
          torn.push(`${bytes.length} bytes from ${bytes[0]} to ${bytes.at(-1)}`);
      }
      expect(await exits).toEqual([0, 0]);
      expect(torn).toEqual([]);
      const last = (await readFile(path))[0]!;
      // The file that stays is the last version of one of the writers.
      expect([VERSIONS - 1, 2 * VERSIONS - 1]).toContain(last);
      // Reads came between writes, and saw versions of both writers.
      expect([...seen].some((value) => value < VERSIONS)).toBe(true);
      expect([...seen].some((value) => value >= VERSIONS && value < 2 * VERSIONS)).toBe(true);
      expect(await readdir(folder)).toEqual(['report.json']);
    },
    TIMEOUT,
  );

  it('removes the temporary file of a killed writer once it is older than an hour', async () => {
    const killed = startProcess({ path, bytes: BYTES, from: 1 });
    await once(killed, 'message');
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    const [leftover, ...others] = await readdir(folder);
    expect(others).toEqual([]);
    expect(leftover).toMatch(/^\.report\.json\..+\.tmp$/);

    // Each write by another process, since a thread looks for such files once an hour.
    expect(await inProcess({ path, bytes: 10, from: 2, versions: 1 })).toBe(0);
    expect(await readdir(folder)).toEqual([leftover, 'report.json']);
    const twoHoursAgo = Date.now() / 1000 - 7200;
    await utimes(join(folder, leftover!), twoHoursAgo, twoHoursAgo);
    expect(await inProcess({ path, bytes: 10, from: 3, versions: 1 })).toBe(0);
    expect(await readdir(folder)).toEqual(['report.json']);
    expect(await readFile(path)).toEqual(Buffer.alloc(10, 3));
  });
});
