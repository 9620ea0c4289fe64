/** A layer or a loss got an option, features or labels that it can't work with. Every error of this package is an instance. */
export class LayerError extends Error {
  /** The name of the class, for callers that compare names rather than classes. */
  override name = 'LayerError';
  /** Names the kind of error: 'AMR_LAYER' or 'AMR_INSERTION'. */
  readonly code: string = 'AMR_LAYER';
}

/** `insertAmr` can't put a reweighter where it was asked to. The message says what was given, what was expected and how to fix it. */
export class InsertionError extends LayerError {
  /** The name of the class. */
  override name = 'InsertionError';
  /** Names the kind of error. */
  override readonly code = 'AMR_INSERTION';
}
