import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { DatasetError } from '../datasetError.js';

let written = 0;
/** Temporary files of this thread that are being written. */
const beingWritten = new Set<string>();

/**
 * Whether a temporary file that {@link writeAtomically} made is being written right now: by this thread, or by another process of
 * this machine. If not, its writer was killed.
 */
export function isBeingWritten(temporary: string): boolean {
  const pid = Number(/\.(\d+)\.\d+\.\d+\.tmp$/.exec(temporary)?.[1]);
  if (pid === process.pid || !(pid > 0)) return beingWritten.has(temporary);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Writes a file so that whoever reads it, and a machine that loses power, finds the old one or the whole new one: into a
 * temporary file in the same folder, which is flushed to the disk and takes the old one's place in one step. The folder is
 * made when it is missing. Nothing is left behind when writing fails.
 * @param path the file
 * @param write writes its content from the beginning
 */
export async function writeAtomically(
  path: string,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.${basename(path)}.${process.pid}.${threadId}.${written++}.tmp`);
  beingWritten.add(temporary);
  try {
    const file = await open(temporary, 'w');
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'ENOENT') throw cause;
      throw new DatasetError(
        'what was being written is gone: does another machine write into this folder too?',
        {
          file: path,
          cause,
        },
      );
    });
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    beingWritten.delete(temporary);
  }
  await flushFolder(folder);
}

/** Makes the rename itself durable. Windows can't open a folder, and needs no such thing. */
async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
