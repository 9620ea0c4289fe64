import { FormatError } from '../errors.js';

/** Bytes that aren't a MAT-file of level 5, one that is damaged or too large, or a variable that isn't an array of real numbers. */
export class MatError extends FormatError {
  /** The name of the class. */
  override readonly name = 'MatError';
  /** What was found and what was expected, without the offset. */
  readonly reason: string;
  /** Where in the file it is, in bytes; inside of a compressed element, where that begins. */
  readonly offset: number;

  /**
   * @param reason what was found and what was expected
   * @param offset where in the file, in bytes
   */
  constructor(reason: string, offset: number) {
    super(`byte ${offset}: ${reason}`);
    this.reason = reason;
    this.offset = offset;
  }
}
