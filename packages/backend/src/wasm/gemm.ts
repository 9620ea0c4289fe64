import type { TensorInfo } from '@tensorflow/tfjs-core';
import { bytesOf, idOf, type WasmBackend, wasmFunction, withWindow } from './heap.js';

/** The positions of a product's matrices: floats from the start of the heap. */
export interface Gemm {
  /** First float of A, [rows, inner]. */
  a: number;
  /** B, [inner, columns]. XNNPACK packs it once for each tensor and keeps the packed copy until that is disposed of. */
  b: TensorInfo;
  /** First float of the result, [rows, columns]. Not overlapping A or B. */
  out: number;
  /** Rows of A. */
  rows: number;
  /** Columns of A, rows of B. */
  inner: number;
  /** Columns of B. */
  columns: number;
}

/**
 * out = A B by XNNPACK's fully connected operator. tfjs's own BatchMatMul uses it for two plain matrices only, and
 * naive loops, 10 to 40 times slower, for transposed or batched ones.
 */
export function gemm(backend: WasmBackend, { a, b, out, rows, inner, columns }: Gemm): void {
  const call = wasmFunction(backend, 'BatchMatMul', 'id shape number id shape number number number id');
  withWindow(backend, a, [1, rows, inner], (left) =>
    withWindow(backend, out, [1, rows, columns], (result) =>
      call(
        idOf(backend, left),
        bytesOf(1, rows, inner),
        3,
        idOf(backend, b),
        bytesOf(1, inner, columns),
        3,
        false,
        false,
        idOf(backend, result),
      ),
    ),
  );
}
