/**
 * Thrown when a value is read, or a new step starts, and ONNX Runtime can't compute the recorded operations. The tensors
 * that these would have computed are lost, and using them throws the error again. All other tensors, and operations that are
 * recorded later, are not affected.
 */
export class OnnxRunError extends Error {
  /** Identifies the kind of error in logs and across packages. */
  readonly code = 'AMR_ONNX_RUN';
  /** The name of the class. */
  override readonly name = 'OnnxRunError';
  /** The ONNX operations of the failed run, each once. */
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
