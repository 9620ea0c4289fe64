/** A layer cannot be plugged in where it was asked for: the message says what was given, what was expected and how to mend it. */
export class InsertionError extends Error {
  /** Tells this error from others without its class. */
  override name = 'InsertionError';
}
