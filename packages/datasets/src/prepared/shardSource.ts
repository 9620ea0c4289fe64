import { DatasetError } from '../datasetError.js';

/** What to do about a shard that isn't what its manifest says. */
export const PREPARE_AGAIN = 'Delete this shard and prepare it again by the same command.';

/** Largest size of a manifest in bytes: the manifest of a million samples has fewer. */
export const MAX_MANIFEST_BYTES = 256 * 2 ** 20;

/** Where the bytes of prepared shards come from: {@link httpSource}, `folderSource` of the Node entry, or your own. */
export interface ShardSource {
  /** The folder or the address, which messages write before a file's name. */
  readonly name: string;
  /** Size of a file in bytes. @throws {DatasetError} when the file is missing, or can't be read */
  size(path: string, signal?: AbortSignal): Promise<number>;
  /**
   * Reads a part of a file into a buffer that belongs to the caller.
   * @param path path relative to the manifest, with slashes
   * @param start position of the first byte
   * @param length number of bytes
   * @param spare an unused buffer of `length` bytes that the source may fill and return, which saves an allocation
   * @throws {DatasetError} when the file is missing, can't be read, or ends before the part does
   */
  read(
    path: string,
    start: number,
    length: number,
    signal?: AbortSignal,
    spare?: Uint8Array,
  ): Promise<Uint8Array>;
  /**
   * Reads a whole file, such as the manifest, into a buffer that belongs to the caller.
   * @throws {DatasetError} when the file can't be read, or has more than 256 MiB
   */
  readAll(path: string, signal?: AbortSignal): Promise<Uint8Array>;
  /** Ends the reads under way and releases files and memory. Later reads fail. */
  close(): Promise<void>;
}

/**
 * The parts of a path, which may only lead to a file below the manifest's folder: the manifest may come from anyone.
 * @param file the file that the path was read from, for errors
 * @throws {DatasetError} when the path leads outside of the folder: it is absolute, has a drive, a scheme, a backslash or `..`
 */
export function insideSteps(path: string, file?: string): string[] {
  const steps = path.split('/');
  const isInside = steps.every((step) => step !== '' && step !== '.' && step !== '..');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are not allowed in a name
  if (!isInside || /[\\:\u0000-\u001f]/.test(path)) {
    throw new DatasetError(
      `got the path ${JSON.stringify(path)}; expected one of a file in the manifest's folder, such as "shards/00000.safetensors".`,
      { file },
    );
  }
  return steps;
}

/** The error for a file that ends before the part that is read. */
export const tooShort = (file: string, size: number, start: number, length: number): DatasetError =>
  new DatasetError(
    `got ${size} bytes; expected at least ${start + length}. The file is cut off. ${PREPARE_AGAIN}`,
    { file, offset: size },
  );
