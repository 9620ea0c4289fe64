import { DatasetError } from '../datasetError.js';

/** Bytes that a manifest may have: that of a million samples has fewer. */
export const manifestBytes = 256 * 2 ** 20;

/** Where the bytes of prepared shards come from: {@link httpSource}, `folderSource` of the Node entry, or your own. */
export interface ShardSource {
  /** What comes before a file's name in messages: the folder, or the address. */
  readonly name: string;
  /** Bytes of a file. @throws {DatasetError} when there is no such file, or it can't be read */
  size(path: string, signal?: AbortSignal): Promise<number>;
  /**
   * A part of a file, in a buffer that belongs to the caller.
   * @param path path relative to the manifest, with slashes
   * @param start position of the first byte
   * @param length how many bytes
   * @param spare as many bytes of the caller's that may be written to and given back, which spares new memory; a source need
   *   not do so
   * @throws {DatasetError} when there is no such file, it can't be read, or ends before that
   */
  read(
    path: string,
    start: number,
    length: number,
    signal?: AbortSignal,
    spare?: Uint8Array,
  ): Promise<Uint8Array>;
  /**
   * A whole file, such as the manifest, in a buffer that belongs to the caller.
   * @throws {DatasetError} when it can't be read, or has more than 256 MiB
   */
  readAll(path: string, signal?: AbortSignal): Promise<Uint8Array>;
  /** Ends what is under way and gives back what is held. Reading afterwards fails. */
  close(): Promise<void>;
}

/**
 * The parts of a path that leads to a file below the manifest's folder, whatever the manifest says.
 * @param file where the path stands, for errors
 * @throws {DatasetError} when it leads elsewhere: it is absolute, has a drive, a scheme, a backslash or `..`
 */
export function insideSteps(path: string, file?: string): string[] {
  const steps = path.split('/');
  const isInside = steps.every((step) => step !== '' && step !== '.' && step !== '..');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be in a name
  if (!isInside || /[\\:\u0000-\u001f]/.test(path)) {
    throw new DatasetError(
      `the path ${JSON.stringify(path)} should lead to a file in the manifest's folder, such as "shards/00000.safetensors"`,
      { file },
    );
  }
  return steps;
}

/** That a file has ended too early. */
export const tooShort = (file: string, size: number, start: number, length: number): DatasetError =>
  new DatasetError(
    `the file has ${size} bytes, at least ${start + length} were expected: it is cut off; prepare this shard anew: delete it and run the same command`,
    { file, offset: size },
  );
