import { type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatasetError } from '../datasetError.js';
import { insideSteps, manifestBytes, type ShardSource, tooShort } from './shardSource.js';

interface OpenFile {
  opened: Promise<{ handle: FileHandle; bytes: number }>;
  /** How many reads are under way. */
  users: number;
}

/**
 * Prepared shards in a folder. Files stay open, a few of them at a time, so that a sample costs one read.
 * @param folder the folder of `manifest.json`
 * @param options `openFiles`: how many files are kept open when none of them is read, default 32
 * @example
 * ```js
 * import { openShards } from '@amr/datasets';
 * import { folderSource } from '@amr/datasets/node';
 * const shards = await openShards(folderSource('prepared/ntu60'));
 * const { arrays, label } = await shards.sample(0);
 * ```
 */
export function folderSource(folder: string, options: { openFiles?: number } = {}): ShardSource {
  const { openFiles = 32 } = options;
  /** By path, the one that was used longest ago first. */
  const files = new Map<string, OpenFile>();
  let isClosed = false;

  async function withFile<T>(
    path: string,
    use: (handle: FileHandle, bytes: number, name: string) => Promise<T>,
  ): Promise<T> {
    const name = join(folder, ...insideSteps(path));
    if (isClosed) throw new DatasetError('the folder was closed', { file: name });
    const file = files.get(path) ?? { opened: openFile(name), users: 0 };
    files.delete(path);
    files.set(path, file);
    file.users++;
    try {
      const { handle, bytes } = await file.opened.catch((error) => {
        // Whoever comes next tries again.
        if (files.get(path) === file) files.delete(path);
        throw error;
      });
      return await use(handle, bytes, name);
    } catch (error) {
      throw readable(error, name);
    } finally {
      file.users--;
      await tidyUp();
    }
  }

  /** Closes files beyond the number that may stay open, unless they are being read. */
  async function tidyUp(): Promise<void> {
    const most = isClosed ? 0 : openFiles;
    for (const [path, file] of files) {
      if (files.size <= most) return;
      if (file.users > 0) continue;
      files.delete(path);
      await (await file.opened).handle.close();
    }
  }

  return {
    name: folder,
    size: (path) => withFile(path, async (_, bytes) => bytes),
    read: (path, start, length, signal, spare) =>
      withFile(path, async (handle, bytes, name) => {
        // Before anything is allocated: the length may come from a manifest that lies.
        if (start + length > bytes) throw tooShort(name, bytes, start, length);
        signal?.throwIfAborted();
        return readFully(handle, start, length, name, spare);
      }),
    readAll: (path, signal) =>
      withFile(path, async (handle, bytes, name) => {
        signal?.throwIfAborted();
        if (bytes > manifestBytes) {
          throw new DatasetError(`the file has ${bytes} bytes, at most ${manifestBytes} were expected`, {
            file: name,
          });
        }
        return readFully(handle, 0, bytes, name);
      }),
    async close() {
      isClosed = true;
      await tidyUp();
    },
  };
}

async function openFile(name: string) {
  // Before it is opened, which waits for ever if it is a pipe.
  if (!(await stat(name)).isFile()) throw new DatasetError('this is no file', { file: name });
  const handle = await open(name, 'r');
  try {
    return { handle, bytes: (await handle.stat()).size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readFully(
  handle: FileHandle,
  start: number,
  length: number,
  name: string,
  spare?: Uint8Array,
): Promise<Uint8Array> {
  const bytes = spare?.length === length ? spare : new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, length - done, start + done);
    // The file has become shorter since it was opened.
    if (bytesRead === 0) throw tooShort(name, start + done, start, length);
    done += bytesRead;
  }
  return bytes;
}

/** What the file system says, as an error that names the file. */
function readable(error: unknown, file: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined || error instanceof DatasetError || (error as Error).name === 'AbortError')
    return error;
  const reason =
    code === 'ENOENT'
      ? 'there is no such file; prepare the data, or give the folder that holds manifest.json'
      : `it can't be read: ${message}`;
  return new DatasetError(reason, { file, cause: error });
}
