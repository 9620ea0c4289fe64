/** The backends that {@link useBackend} knows, by the package that holds them. */
export type BackendName = 'tfjs-node-gpu' | 'tfjs-node' | 'webgpu' | 'onnx' | 'wasm' | 'cpu';

/** An option of this package's functions outside its values. Thrown before anything is loaded. */
export class BackendOptionError extends Error {
  /** Identifies the kind of error in logs and across packages. */
  readonly code = 'AMR_BACKEND_OPTION';
  /** The name of the class. */
  override readonly name = 'BackendOptionError';
}

/** Thrown by {@link useBackend} when the requested backend, or any backend at all, is not available. */
export class BackendUnavailableError extends Error {
  /** Identifies the kind of error in logs and across packages. */
  readonly code = 'AMR_BACKEND_UNAVAILABLE';
  /** The name of the class. */
  override readonly name = 'BackendUnavailableError';
  /** The requested backend. */
  readonly backend: BackendName;
  /** Why it is not available. */
  readonly reason: string;
  /** What to do: a command that installs it, and what else it needs. */
  readonly remedy: string;

  constructor(backend: BackendName, reason: string, remedy: string, options?: ErrorOptions) {
    super(
      `useBackend.backend: got '${backend}', which is not available here (${reason}); expected an installed backend. ${remedy}`,
      options,
    );
    this.backend = backend;
    this.reason = reason;
    this.remedy = remedy;
  }
}
