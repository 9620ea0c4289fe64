import { open, stat } from 'node:fs/promises';
import { DatasetError } from '../datasetError.js';

/** At most so many bytes are asked for at once: Node's reads end at 2 GiB. */
const piece = 2 ** 28;

/**
 * A whole file in one buffer of its own, larger ones than Node's `readFile` takes among them.
 * @param most bytes that it may have; default any
 * @throws {DatasetError} when there is no such file, it has more bytes, or more than one array can hold
 */
export async function readWholeFile(
  file: string,
  signal?: AbortSignal,
  most = Number.POSITIVE_INFINITY,
): Promise<Uint8Array> {
  const found = await stat(file).catch((cause: NodeJS.ErrnoException) => {
    throw new DatasetError(cause.code === 'ENOENT' ? 'there is no such file' : cause.message, {
      file,
      cause,
    });
  });
  // A pipe or a device may never end.
  if (!found.isFile()) throw new DatasetError('a file was expected, this is none', { file });
  if (found.size > most) {
    throw new DatasetError(`the file has ${found.size} bytes, at most ${most} were expected`, { file });
  }
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(found.size);
  } catch (cause) {
    throw new DatasetError(`the file has ${found.size} bytes, more than fit in memory at once here`, {
      file,
      cause,
    });
  }
  const handle = await open(file).catch((cause: Error) => {
    throw new DatasetError(cause.message, { file, cause });
  });
  try {
    for (let at = 0; at < bytes.length; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(bytes, at, Math.min(piece, bytes.length - at), at);
      if (bytesRead === 0) throw new DatasetError('the file became shorter while it was read', { file });
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
  return bytes;
}

/**
 * The text in a file, in UTF-8.
 * @param most bytes that it may have
 * @throws {DatasetError} as {@link readWholeFile}
 */
export async function readText(file: string, most: number, signal?: AbortSignal): Promise<string> {
  return new TextDecoder().decode(await readWholeFile(file, signal, most));
}
