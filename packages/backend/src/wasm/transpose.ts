import type { TensorInfo } from '@tensorflow/tfjs-core';
import { floats, type WasmBackend, wordOf } from './heap.js';

/** Side of the tiles, in floats: a tile's lines, read and written, stay in the first-level cache. */
const TILE = 32;
/** Lines this many floats apart, or a multiple of it, fall on so few sets of the cache that they evict each other. */
const ALIASED = 512;

/** heap[to..] = the transpose of each of `count` matrices [rows, columns] that follow each other from `from`. */
export function transposeMatrices(
  heap: Float32Array,
  from: number,
  to: number,
  count: number,
  rows: number,
  columns: number,
): void {
  // A tile is read along its rows where its columns would evict each other, otherwise it is written along them.
  const alongRows = columns % ALIASED === 0;
  for (let m = 0; m < count; m++) {
    const source = from + m * rows * columns;
    const target = to + m * rows * columns;
    for (let r0 = 0; r0 < rows; r0 += TILE) {
      const r1 = Math.min(rows, r0 + TILE);
      for (let c0 = 0; c0 < columns; c0 += TILE) {
        const c1 = Math.min(columns, c0 + TILE);
        if (alongRows) {
          for (let r = r0; r < r1; r++) {
            let s = source + r * columns + c0;
            for (let c = c0, t = target + c0 * rows + r; c < c1; c++, t += rows) heap[t] = heap[s++]!;
          }
        } else {
          for (let c = c0; c < c1; c++) {
            let t = target + c * rows + r0;
            for (let r = r0, s = source + r0 * columns + c; r < r1; r++, s += columns) heap[t++] = heap[s]!;
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
