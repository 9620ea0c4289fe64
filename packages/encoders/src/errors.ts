/** An option, a layout or an input shape that no network or layer of this package can be built from. The message says what was given, what was expected and how to fix it. */
export class EncoderConfigError extends Error {
  /** The name of the class, for callers that compare names rather than classes. */
  override name = 'EncoderConfigError';
  /** Names the kind of error. */
  readonly code = 'AMR_ENCODER_CONFIG';
}

/** `multiplyAdds` can't count a layer: it doesn't know the layer, or a size. The message names the layer. */
export class CostError extends Error {
  /** The name of the class, for callers that compare names rather than classes. */
  override name = 'CostError';
  /** Names the kind of error. */
  readonly code = 'AMR_COST';
}
