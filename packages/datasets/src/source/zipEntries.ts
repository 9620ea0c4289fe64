import { stat } from 'node:fs/promises';
import { crc32 } from '@amr/formats';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { DatasetError } from '../datasetError.js';

/** No deflate stream unpacks to more than 1032 times its size; a few bytes more for the smallest ones. */
const mostOfDeflate = 1032;

/**
 * Names of the files in a zip archive, of any size, in the order of its directory. Nothing is unpacked.
 * @throws {DatasetError} when it can't be read or is no zip archive
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
 * One file of a zip archive, unpacked, its checksum compared. Only the directory and its own bytes are read.
 * @param name its name, one of {@link zipEntryNames}
 * @param most bytes that it may unpack to
 * @throws {DatasetError} when the archive or the file in it is damaged, or it is larger
 */
export async function readZipEntry(
  file: string,
  name: string,
  most: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  return await withZip(file, signal, async (zip) => {
    for await (const entry of zip.eachEntry()) {
      signal?.throwIfAborted();
      if (entry.fileName === name) return await unpack(zip, entry, most, signal);
    }
    throw new Error(`there is no '${name}' in it; was it changed since it was listed?`);
  });
}

async function unpack(zip: ZipFile, entry: Entry, most: number, signal?: AbortSignal): Promise<Uint8Array> {
  const { fileName: name, uncompressedSize: size, compressedSize: packed } = entry;
  if (!entry.canDecodeFileData())
    throw new Error(`'${name}' is encrypted, or packed in a way that isn't read`);
  if (size > most) throw new Error(`'${name}' unpacks to ${size} bytes, at most ${most} were expected`);
  if (size > packed * mostOfDeflate + 64) {
    throw new Error(`'${name}' should unpack from ${packed} to ${size} bytes, which it can't`);
  }
  const stream = await zip.openReadStreamPromise(entry);
  const bytes = new Uint8Array(size);
  let at = 0;
  // More than its size, or less, is an error of the stream.
  for await (const piece of stream as AsyncIterable<Uint8Array>) {
    signal?.throwIfAborted();
    bytes.set(piece, at);
    at += piece.length;
  }
  if (crc32(bytes) !== entry.crc32)
    throw new Error(`'${name}' is damaged: its CRC-32 is not the one in the archive`);
  return bytes;
}

async function withZip<T>(
  file: string,
  signal: AbortSignal | undefined,
  use: (zip: ZipFile) => Promise<T>,
): Promise<T> {
  let zip: ZipFile | undefined;
  try {
    // A pipe would be waited for.
    if (!(await stat(file)).isFile()) throw new Error('a file was expected, this is none');
    zip = await openPromise(file, { autoClose: false, lazyEntries: true });
    return await use(zip);
  } catch (cause) {
    if (cause instanceof DatasetError || signal?.aborted) throw cause;
    throw new DatasetError(`in this zip archive: ${(cause as Error).message}`, { file, cause });
  } finally {
    zip?.close();
  }
}
