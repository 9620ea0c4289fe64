import type { Elements, ElementType } from './proto.js';

/** A tensor as onnxruntime-node takes and returns it. */
export interface RuntimeTensor {
  type: ElementType;
  dims: readonly number[];
  data: Elements;
  location?: 'cpu';
}

/** A loaded model of onnxruntime-node's native binding. */
export interface NativeSession {
  loadModel(buffer: ArrayBufferLike, offset: number, length: number, options: object): void;
  run(
    feeds: { [name: string]: RuntimeTensor },
    fetches: { [name: string]: null },
    options: object,
  ): { [name: string]: RuntimeTensor };
  dispose(): void;
}

/** The used part of onnxruntime-node's `dist/binding.js`: its public `run` is asynchronous, and tfjs's kernels are not. */
export interface NativeBinding {
  binding: { InferenceSession: new () => NativeSession };
  initOrt(): void;
}

/** Where the binding is found. */
export const bindingSpecifier = 'onnxruntime-node/dist/binding.js';

/** Whether a module looks like the binding. */
export function isBinding(loaded: unknown): loaded is NativeBinding {
  const { binding, initOrt } = (loaded ?? {}) as Partial<NativeBinding>;
  return typeof binding?.InferenceSession === 'function' && typeof initOrt === 'function';
}

/** Loads models on a number of threads. */
export class Runtime {
  readonly #binding: NativeBinding['binding'];
  /** Threads of an operation. */
  readonly threads: number;

  constructor({ binding, initOrt }: NativeBinding, threads: number) {
    initOrt();
    this.#binding = binding;
    this.threads = threads;
  }

  /** Compiles the bytes of a model. */
  load(model: Uint8Array): NativeSession {
    const session = new this.#binding.InferenceSession();
    session.loadModel(model.buffer, model.byteOffset, model.byteLength, {
      intraOpNumThreads: this.threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'disabled',
      // An arena would keep the memory of the largest run of each session; the system's allocator frees it.
      enableCpuMemArena: false,
      enableMemPattern: false,
      logSeverityLevel: 3,
      extra: { session: { 'intra_op.allow_spinning': '0', set_denormal_as_zero: '1' } },
    });
    return session;
  }
}
