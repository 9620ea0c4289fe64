/** Data that can't be used, or a wrong request for it: `reason` says what was found and what was expected, `file` where. */
export class DatasetError extends Error {
  /** Always `'DatasetError'`. */
  override readonly name = 'DatasetError';
  /** What was found, what was expected, how to mend it. */
  readonly reason: string;
  /** The file that is at fault, when one is. */
  readonly file?: string;

  /**
   * @param reason what was found, what was expected, how to mend it
   * @param options the file at fault, and the error that this one explains
   */
  constructor(reason: string, options: { file?: string; cause?: unknown } = {}) {
    super(options.file === undefined ? reason : `${options.file}: ${reason}`, { cause: options.cause });
    this.reason = reason;
    this.file = options.file;
  }
}
