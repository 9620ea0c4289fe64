import type { TensorInfo } from '@tensorflow/tfjs-core';
import { floats, type WasmBackend, wordOf } from './heap.js';

/** Side of the tiles, in floats: a tile's lines, read and written, stay in the first-level cache. */
const TILE = 32;

/** heap[to..] = the transpose of each of `count` matrices [rows, columns] that follow each other from `from`. */
export function transposeMatrices(
  heap: Float32Array,
  from: number,
  to: number,
  count: number,
  rows: number,
  columns: number,
): void {
  for (let m = 0; m < count; m++) {
    const source = from + m * rows * columns;
    const target = to + m * rows * columns;
    for (let r0 = 0; r0 < rows; r0 += TILE) {
      const r1 = Math.min(rows, r0 + TILE);
      for (let c0 = 0; c0 < columns; c0 += TILE) {
        const c1 = Math.min(columns, c0 + TILE);
        for (let c = c0; c < c1; c++) {
          for (
            let r = r0, s = source + r0 * columns + c, t = target + c * rows + r0;
            r < r1;
            r++, s += columns
          ) {
            heap[t++] = heap[s]!;
          }
        }
      }
    }
  }
}

/** The transposes of the last two axes, as a new tensor. */
export function transposed(
  backend: WasmBackend,
  info: TensorInfo,
  count: number,
  rows: number,
  columns: number,
) {
  const out = backend.makeOutput([count, columns, rows], 'float32');
  transposeMatrices(floats(backend), wordOf(backend, info), wordOf(backend, out), count, rows, columns);
  return out;
}
