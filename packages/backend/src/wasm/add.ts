import { idOf, type WasmBackend, type WasmFunction, withWindow } from './heap.js';

const functions = new WeakMap<object, WasmFunction>();

/** heap[sum + i] += heap[term + i] for i < length, by XNNPACK. */
export function addInPlace(backend: WasmBackend, sum: number, term: number, length: number): void {
  let call = functions.get(backend);
  if (!call) {
    const shape = ['number', 'array', 'number'] as const;
    call = backend.wasm.cwrap('Add', null, [...shape, ...shape, 'number', 'number']);
    functions.set(backend, call);
  }
  const add = call;
  const shape = new Uint8Array(new Int32Array([length]).buffer);
  const float32 = 0;
  withWindow(backend, sum, [length], (left) =>
    withWindow(backend, term, [length], (right) =>
      withWindow(backend, sum, [length], (out) =>
        add(idOf(backend, left), shape, 1, idOf(backend, right), shape, 1, float32, idOf(backend, out)),
      ),
    ),
  );
}
