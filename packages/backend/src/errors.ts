/** The backends that {@link useBackend} knows, by the package that holds them. */
export type BackendName = 'tfjs-node-gpu' | 'tfjs-node' | 'webgpu' | 'onnx' | 'wasm' | 'cpu';

/** Thrown by {@link useBackend} when the backend that was asked for, or any at all, can't be had. */
export class BackendUnavailableError extends Error {
  /** 'BackendUnavailableError'. */
  override readonly name = 'BackendUnavailableError';
  /** The backend that was asked for. */
  readonly backend: BackendName;
  /** Why it can't be had. */
  readonly reason: string;
  /** What to do about it: a command to install it, and what it needs besides. */
  readonly remedy: string;

  constructor(backend: BackendName, reason: string, remedy: string, options?: ErrorOptions) {
    super(`useBackend: the backend '${backend}' can't be used: ${reason}. ${remedy}`, options);
    this.backend = backend;
    this.reason = reason;
    this.remedy = remedy;
  }
}
