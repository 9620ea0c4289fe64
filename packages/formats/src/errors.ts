/** The bytes are not in the expected format, are damaged, or are of a kind that is not read here. All readers' errors extend this class. */
export class FormatError extends Error {
  /** The name of the class, for callers that compare names rather than classes. */
  override readonly name: string = 'FormatError';
  /**
   * Names the kind of error: 'AMR_FORMAT', 'AMR_ZIP', 'AMR_NPY', 'AMR_PICKLE', 'AMR_PICKLE_REFUSED', 'AMR_SAFETENSORS',
   * 'AMR_TORCH_FILE' or 'AMR_MAT'.
   */
  readonly code: string = 'AMR_FORMAT';
}

/** An option of a reader is unknown or outside its values. It says nothing about the bytes, so it is no {@link FormatError}. */
export class FormatOptionsError extends Error {
  /** The name of the class. */
  override readonly name = 'FormatOptionsError';
  /** Names the kind of error. */
  readonly code = 'AMR_FORMAT_OPTIONS';
}
