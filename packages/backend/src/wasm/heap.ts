import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';

/** A function exported by the wasm module: ids, shapes as bytes, and numbers. */
export type WasmFunction = (...args: (number | boolean | Uint8Array)[]) => void;

/** What the composed kernels use of tfjs's `BackendWasm`. */
export interface WasmBackend {
  wasm: {
    HEAPU8: Uint8Array;
    cwrap(name: string, returns: null, args: ('number' | 'array')[]): WasmFunction;
    tfjs: { disposeData(id: number): void };
  };
  dataIdMap: {
    get(dataId: object): { id: number; memoryOffset: number; refCount: number };
    delete(dataId: object): boolean;
  };
  makeOutput(shape: number[], dtype: TensorInfo['dtype'], memoryOffset?: number): TensorInfo;
  disposeData(dataId: object): boolean;
  incRef(dataId: object): void;
  typedArrayFromHeap(info: TensorInfo): backend_util.TypedArray;
}

const functions = new WeakMap<object, Map<string, WasmFunction>>();

/**
 * A function of the wasm module, looked up once for each backend. `signature` names its parameters in order: id and
 * number are numbers, shape is {@link bytesOf} one.
 */
export function wasmFunction(backend: WasmBackend, name: string, signature: string): WasmFunction {
  const known = functions.get(backend) ?? new Map<string, WasmFunction>();
  functions.set(backend, known);
  const types = () => signature.split(' ').map((word) => (word === 'shape' ? 'array' : 'number'));
  const found = known.get(name) ?? backend.wasm.cwrap(name, null, types());
  known.set(name, found);
  return found;
}

/** A shape as the wasm module takes it. */
export const bytesOf = (...shape: number[]): Uint8Array => new Uint8Array(new Int32Array(shape).buffer);

/** The id by which the wasm module knows a tensor. */
export const idOf = (backend: WasmBackend, info: TensorInfo): number => backend.dataIdMap.get(info.dataId).id;

/** A tensor's first element as an index into 32-bit views of the heap. */
export const wordOf = (backend: WasmBackend, info: TensorInfo): number =>
  backend.dataIdMap.get(info.dataId).memoryOffset / 4;

/**
 * The heap as floats. Any allocation, and so any call into the module, may move the heap: call this again after it.
 */
export const floats = (backend: WasmBackend): Float32Array => new Float32Array(backend.wasm.HEAPU8.buffer);

/** The same memory under another shape. It holds a separate reference: dispose of both. */
export function reshaped(backend: WasmBackend, info: TensorInfo, shape: number[]): TensorInfo {
  backend.incRef(info.dataId);
  return { dataId: info.dataId, shape, dtype: info.dtype };
}

/**
 * Runs `use` with a tensor that is a window on memory another tensor owns, starting at float `word`. The window
 * has a separate id (so operators that XNNPACK caches for it are freed with it) and doesn't free the memory.
 */
export function withWindow(
  backend: WasmBackend,
  word: number,
  shape: number[],
  use: (window: TensorInfo) => void,
) {
  const window = backend.makeOutput(shape, 'float32', word * 4);
  try {
    use(window);
  } finally {
    backend.wasm.tfjs.disposeData(idOf(backend, window));
    backend.dataIdMap.delete(window.dataId);
  }
}
