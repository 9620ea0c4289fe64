/** A config that no network can be built from: the message says what was given, what was expected and how to mend it. */
export class EncoderConfigError extends Error {
  /** Tells this error from others without its class. */
  override name = 'EncoderConfigError';
}
