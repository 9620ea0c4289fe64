/**
 * Thrown where a value is read, or a new step begins, and ONNX Runtime can't compute what was recorded for it. The
 * tensors that were to be computed are lost, and using them throws it again; all others, and what is recorded from then
 * on, are as they were.
 */
export class OnnxRunError extends Error {
  /** 'OnnxRunError'. */
  override readonly name = 'OnnxRunError';
  /** The operations of ONNX that were to run, each once. */
  readonly operations: readonly string[];

  constructor(operations: readonly string[], cause: Error) {
    const names = [...new Set(operations)];
    super(
      `ONNX Runtime can't compute a step of ${operations.length} operations (${names.join(', ')}): ${cause.message} ` +
        'Take smaller batches where memory is short; the backends wasm and cpu compute the same.',
      { cause },
    );
    this.operations = names;
  }
}
