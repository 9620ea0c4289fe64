/** Where in a file something is wrong, and what error this one explains. */
export interface DatasetErrorPlace {
  /** The file that is at fault. */
  file?: string;
  /** Number of the line in a text file, from 1. */
  line?: number;
  /** Position in a binary file, in bytes from its beginning. */
  offset?: number;
  /** The error that this one explains. */
  cause?: unknown;
}

/**
 * Data or options that can't be used. `reason` says what was found and what was expected; `file`, and `line` or `offset`, say
 * where it was found.
 */
export class DatasetError extends Error {
  /** Always `'DatasetError'`. */
  override readonly name = 'DatasetError';
  /** Always `'AMR_DATASET'`. */
  readonly code = 'AMR_DATASET';
  /** The message without the place: `name: got X; expected Y. What to do.`; where a file is at fault, its place is the name. */
  readonly reason: string;
  /** The file that is at fault, when one is. */
  readonly file?: string;
  /** Number of the line in a text file, from 1, when one is at fault. */
  readonly line?: number;
  /** Position in a binary file in bytes, when one is at fault. */
  readonly offset?: number;

  /**
   * @param reason what was found, what was expected, how to fix it
   * @param place the file, line or offset at fault, and the error that this one explains
   */
  constructor(reason: string, place: DatasetErrorPlace = {}) {
    const { file, line, offset, cause } = place;
    const where = [
      file,
      line === undefined ? undefined : `line ${line}`,
      offset === undefined ? undefined : `byte ${offset}`,
    ].filter((part) => part !== undefined);
    super(where.length === 0 ? reason : `${where.join(', ')}: ${reason}`, { cause });
    this.reason = reason;
    this.file = file;
    this.line = line;
    this.offset = offset;
  }
}
