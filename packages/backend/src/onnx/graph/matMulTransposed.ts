import type { Graph } from './graph.js';
import type { Value } from './value.js';

/** The product of matrices of which the second, and the first if requested, is transposed. */
export const matMulTransposed = (
  graph: Graph,
  left: Value,
  right: Value,
  dims: readonly number[],
  { transA = false, transB = true } = {},
): Value =>
  graph.record('FusedMatMul', [left, right], dims, {
    domain: 'com.microsoft',
    attributes: { transA: Number(transA), transB: Number(transB) },
  });
