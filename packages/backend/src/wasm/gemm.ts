import type { TensorInfo } from '@tensorflow/tfjs-core';
import { idOf, type WasmBackend, type WasmFunction, withWindow } from './heap.js';

/** What XNNPACK can apply to a product on its way out. The values are those of tfjs's FusableActivation. */
export const clamps = { linear: 0, relu: 1, relu6: 2 } as const;

const functions = new WeakMap<object, WasmFunction>();

function fusedMatMul(backend: WasmBackend): WasmFunction {
  let call = functions.get(backend);
  if (!call) {
    call = backend.wasm.cwrap('_FusedMatMul', null, [
      'number',
      'array',
      'number',
      'number',
      'array',
      'number',
      'number',
      'number',
      'number',
      'number',
      'number',
      'number',
      'number',
    ]);
    functions.set(backend, call);
  }
  return call;
}

const bytes = (...values: number[]) => new Uint8Array(new Int32Array(values).buffer);

/** Where a matrix of the product lies: floats from the start of the heap. */
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
  /** Added to every row: [columns]. */
  bias?: TensorInfo;
  /** Applied last; default linear. */
  activation?: keyof typeof clamps;
}

/**
 * out = activation(A B + bias) by XNNPACK's fully connected operator, which on wasm runs at about twice the speed
 * of its convolution and a hundred times that of tfjs's own loops (taken for any batch or transposed product).
 */
export function gemm(
  backend: WasmBackend,
  { a, b, out, rows, inner, columns, bias, activation = 'linear' }: Gemm,
) {
  const call = fusedMatMul(backend);
  withWindow(backend, a, [1, rows, inner], (left) =>
    withWindow(backend, out, [1, rows, columns], (result) =>
      call(
        idOf(backend, left),
        bytes(1, rows, inner),
        3,
        idOf(backend, b),
        bytes(1, inner, columns),
        3,
        false,
        false,
        clamps[activation],
        bias ? idOf(backend, bias) : 0,
        0,
        0,
        idOf(backend, result),
      ),
    ),
  );
}
