/** Bytes that are not what their format says, or of a kind that isn't read here. The readers' errors all extend it. */
export class FormatError extends Error {
  /** Tells this error from others without its class. */
  override readonly name: string = 'FormatError';
}
