import { type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatasetError } from '../datasetError.js';
import { checkCount, rejectUnknownOptions } from '../options.js';
import { insideSteps, MAX_MANIFEST_BYTES, type ShardSource, tooShort } from './shardSource.js';

interface OpenFile {
  opened: Promise<{ handle: FileHandle; bytes: number }>;
  /** Number of reads under way. */
  readers: number;
}

/**
 * Prepared shards in a folder. A few files stay open, so that a sample costs one read.
 * @param folder the folder of `manifest.json`
 * @param options `openFiles`: number of files that stay open while they aren't read, default 32
 * @throws {DatasetError} when an option is unknown or out of its range
 * @example
 * ```js
 * import { openShards } from '@amr/datasets';
 * import { folderSource } from '@amr/datasets/node';
 * const shards = await openShards(folderSource('prepared/ntu60'));
 * const { arrays, label } = await shards.sample(0);
 * ```
 */
export function folderSource(folder: string, options: { openFiles?: number } = {}): ShardSource {
  rejectUnknownOptions('folderSource', options, ['openFiles']);
  const { openFiles = 32 } = options;
  checkCount('openFiles', openFiles, 0);
  /** By path; the file whose last use is longest ago comes first. */
  const files = new Map<string, OpenFile>();
  let isClosed = false;

  async function withFile<T>(
    path: string,
    use: (handle: FileHandle, bytes: number, name: string) => Promise<T>,
  ): Promise<T> {
    const name = join(folder, ...insideSteps(path));
    if (isClosed)
      throw new DatasetError('got a closed source; expected an open one. Open it again.', { file: name });
    const file = files.get(path) ?? { opened: openFile(name), readers: 0 };
    files.delete(path);
    files.set(path, file);
    file.readers++;
    try {
      const { handle, bytes } = await file.opened.catch((error) => {
        // The next read tries again.
        if (files.get(path) === file) files.delete(path);
        throw error;
      });
      return await use(handle, bytes, name);
    } catch (error) {
      throw fileError(error, name);
    } finally {
      file.readers--;
      await closeUnused();
    }
  }

  /** Closes the files beyond `openFiles` that aren't being read. */
  async function closeUnused(): Promise<void> {
    const maxFiles = isClosed ? 0 : openFiles;
    for (const [path, file] of files) {
      if (files.size <= maxFiles) return;
      if (file.readers > 0) continue;
      files.delete(path);
      await (await file.opened).handle.close();
    }
  }

  return {
    name: folder,
    size: (path) => withFile(path, async (_, bytes) => bytes),
    read: (path, start, length, signal, spare) =>
      withFile(path, async (handle, bytes, name) => {
        // Checked before a buffer is allocated: a wrong manifest may give any length.
        if (start + length > bytes) throw tooShort(name, bytes, start, length);
        signal?.throwIfAborted();
        return readFully(handle, start, length, name, spare);
      }),
    readAll: (path, signal) =>
      withFile(path, async (handle, bytes, name) => {
        signal?.throwIfAborted();
        if (bytes > MAX_MANIFEST_BYTES) {
          throw new DatasetError(`got ${bytes} bytes; expected at most ${MAX_MANIFEST_BYTES}.`, {
            file: name,
          });
        }
        return readFully(handle, 0, bytes, name);
      }),
    async close() {
      isClosed = true;
      await closeUnused();
    },
  };
}

async function openFile(name: string) {
  // Checked before opening: opening a pipe would wait for a writer for ever.
  const found = await stat(name);
  if (!found.isFile()) {
    const kind = found.isDirectory() ? 'a folder' : 'a device or pipe';
    throw new DatasetError(`got ${kind}; expected a regular file.`, { file: name });
  }
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
    // The file was cut off after it was opened.
    if (bytesRead === 0) throw tooShort(name, start + done, start, length);
    done += bytesRead;
  }
  return bytes;
}

/** An error of the file system, as a DatasetError that names the file. Other errors stay as they are. */
function fileError(error: unknown, file: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined || error instanceof DatasetError || (error as Error).name === 'AbortError')
    return error;
  const reason =
    code === 'ENOENT'
      ? 'got no file; expected one of prepared data. Prepare the data, or give the folder that holds manifest.json.'
      : `got an error of the file system; expected a readable file. ${message}.`;
  return new DatasetError(reason, { file, cause: error });
}
