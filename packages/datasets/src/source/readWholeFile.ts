import { open, stat } from 'node:fs/promises';
import { DatasetError } from '../datasetError.js';

/** Bytes of one read call, which Node limits to 2 GiB. */
const MAX_READ = 2 ** 28;

/**
 * Reads a file into one buffer. Unlike Node's `readFile` it also reads files above 2 GiB.
 * @param maxBytes limit of the file's size; default none
 * @throws {DatasetError} when the file is missing, or larger than the limit or than one array can be
 */
export async function readWholeFile(
  file: string,
  signal?: AbortSignal,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<Uint8Array> {
  const found = await stat(file).catch((cause: NodeJS.ErrnoException) => {
    const got = cause.code === 'ENOENT' ? 'no such file' : `an error: ${cause.message}`;
    throw new DatasetError(`got ${got}; expected a file.`, { file, cause });
  });
  // Reading a pipe or a device might never end.
  if (!found.isFile()) {
    throw new DatasetError('got something other than a regular file; expected a file.', { file });
  }
  if (found.size > maxBytes) {
    throw new DatasetError(`got ${found.size} bytes; expected at most ${maxBytes}.`, { file });
  }
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(found.size);
  } catch (cause) {
    throw new DatasetError(`got ${found.size} bytes; expected a file that fits into memory.`, {
      file,
      cause,
    });
  }
  const handle = await open(file).catch((cause: Error) => {
    throw new DatasetError(`got an error: ${cause.message}; expected a file.`, { file, cause });
  });
  try {
    for (let at = 0; at < bytes.length; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(bytes, at, Math.min(MAX_READ, bytes.length - at), at);
      if (bytesRead === 0) {
        throw new DatasetError(
          `got only ${at} bytes of ${bytes.length}; expected no change while it is read.`,
          {
            file,
          },
        );
      }
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
  return bytes;
}

/**
 * Reads a text file in UTF-8.
 * @param maxBytes limit of the file's size
 * @throws {DatasetError} as {@link readWholeFile}
 */
export async function readText(file: string, maxBytes: number, signal?: AbortSignal): Promise<string> {
  return new TextDecoder().decode(await readWholeFile(file, signal, maxBytes));
}
