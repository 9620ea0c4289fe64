import { FormatError } from '../errors.js';

/** The bytes are not a MAT-file of level 5, or one that is damaged or too large, or a variable is not an array of real numbers. */
export class MatError extends FormatError {
  /** The name of the class. */
  override readonly name = 'MatError';
  /** Names the kind of error. */
  override readonly code = 'AMR_MAT';
  /** What was given and what was expected: the message without the offset. */
  readonly reason: string;
  /** Position in the file, in bytes; for a fault in a compressed element, where that element begins. */
  readonly offset: number;

  /**
   * @param reason what was given and what was expected
   * @param offset position in the file, in bytes
   */
  constructor(reason: string, offset: number) {
    super(`byte ${offset}: ${reason}`);
    this.reason = reason;
    this.offset = offset;
  }
}
