import { stat } from 'node:fs/promises';
import { crc32 } from '@amr/formats';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { DatasetError } from '../datasetError.js';

/** A deflate stream unpacks to at most 1032 times its size, and the smallest ones to a few bytes more. */
const MAX_DEFLATE_RATIO = 1032;

/**
 * Names of the files in a zip archive of any size, in the order of its directory. Nothing is unpacked.
 * @throws {DatasetError} when the file can't be read or is not a zip archive
 */
export async function zipEntryNames(file: string, signal?: AbortSignal): Promise<string[]> {
  return await withZip(file, signal, async (zip) => {
    const names: string[] = [];
    for await (const { fileName } of zip.eachEntry()) {
      signal?.throwIfAborted();
      if (!fileName.endsWith('/')) names.push(fileName);
    }
    return names;
  });
}

/**
 * Unpacks one file of a zip archive and checks its CRC-32. Only the directory and the bytes of this file are read.
 * @param name its name, one of {@link zipEntryNames}
 * @param maxBytes limit of its unpacked size
 * @throws {DatasetError} when the archive or the file in it is damaged, or the file is larger than the limit
 */
export async function readZipEntry(
  file: string,
  name: string,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  return await withZip(file, signal, async (zip) => {
    for await (const entry of zip.eachEntry()) {
      signal?.throwIfAborted();
      if (entry.fileName === name) return await unpack(zip, entry, maxBytes, signal);
    }
    throw new Error(
      `'${name}': got no such entry; expected the one that was listed. Has the archive changed?`,
    );
  });
}

async function unpack(
  zip: ZipFile,
  entry: Entry,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const { fileName: name, uncompressedSize: size, compressedSize: packed } = entry;
  if (!entry.canDecodeFileData()) {
    throw new Error(
      `'${name}': got an encrypted entry, or an unknown compression; expected deflate or none.`,
    );
  }
  if (size > maxBytes) {
    throw new Error(`'${name}': got ${size} bytes unpacked; expected at most ${maxBytes}.`);
  }
  if (size > packed * MAX_DEFLATE_RATIO + 64) {
    throw new Error(`'${name}': got ${packed} bytes that claim to unpack to ${size}; expected fewer.`);
  }
  const stream = await zip.openReadStreamPromise(entry);
  const bytes = new Uint8Array(size);
  let at = 0;
  // The stream throws when the entry has more bytes than its size, or fewer.
  for await (const piece of stream as AsyncIterable<Uint8Array>) {
    signal?.throwIfAborted();
    bytes.set(piece, at);
    at += piece.length;
  }
  if (crc32(bytes) !== entry.crc32) {
    throw new Error(
      `'${name}': got another CRC-32 than the archive's; expected the same. The archive is damaged.`,
    );
  }
  return bytes;
}

async function withZip<T>(
  file: string,
  signal: AbortSignal | undefined,
  use: (zip: ZipFile) => Promise<T>,
): Promise<T> {
  let zip: ZipFile | undefined;
  try {
    // Opening a pipe would wait for its writer.
    if (!(await stat(file)).isFile()) {
      throw new Error('got something other than a regular file; expected a zip archive.');
    }
    zip = await openPromise(file, { autoClose: false, lazyEntries: true });
    return await use(zip);
  } catch (cause) {
    if (cause instanceof DatasetError || signal?.aborted) throw cause;
    throw new DatasetError(`zip archive: ${(cause as Error).message}`, { file, cause });
  } finally {
    zip?.close();
  }
}
