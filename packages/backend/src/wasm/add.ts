import { bytesOf, idOf, type WasmBackend, wasmFunction, withWindow } from './heap.js';

/** heap[sum + i] += heap[term + i] for i < length, by XNNPACK. */
export function addInPlace(backend: WasmBackend, sum: number, term: number, length: number): void {
  const add = wasmFunction(backend, 'Add', 'id shape number id shape number number id');
  const shape = bytesOf(length);
  const float32 = 0;
  withWindow(backend, sum, [length], (left) =>
    withWindow(backend, term, [length], (right) =>
      withWindow(backend, sum, [length], (out) =>
        add(idOf(backend, left), shape, 1, idOf(backend, right), shape, 1, float32, idOf(backend, out)),
      ),
    ),
  );
}
