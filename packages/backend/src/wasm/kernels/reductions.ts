import {
  backend_util,
  getKernel,
  Mean,
  Sum,
  type SumAttrs,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { reshaped, type WasmBackend } from '../heap.js';
import { type ComposedKernel, type Compute, computeOf } from './kernel.js';

/** Neighbouring axes that are all summed over, or all kept, as one. */
function groupsOf(shape: readonly number[], axes: readonly number[]) {
  const groups: { size: number; summed: boolean }[] = [];
  shape.forEach((size, axis) => {
    const summed = axes.includes(axis);
    const last = groups.at(-1);
    if (size === 1) return;
    if (last?.summed === summed) last.size *= size;
    else groups.push({ size, summed });
  });
  return groups;
}

/** [outer, size, inner] to [outer, inner], each sum in double precision. */
function sumMiddle(
  backend: WasmBackend,
  x: TensorInfo,
  outer: number,
  size: number,
  inner: number,
): TensorInfo {
  const out = backend.makeOutput([outer, inner], 'float32');
  const source = backend.typedArrayFromHeap(x);
  const target = backend.typedArrayFromHeap(out);
  const sums = new Float64Array(inner);
  for (let o = 0, s = 0; o < outer; o++) {
    sums.fill(0);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < inner; j++) sums[j]! += source[s++]!;
    }
    target.set(sums, o * inner);
  }
  return out;
}

/**
 * Sums over any axes without the transposition by which tfjs's kernel brings them to the end (a hundred times
 * slower than the sum itself for the gradient of a bias, which sums over all axes but the last).
 */
const sumWith =
  (stock: Compute<string>): Compute<string> =>
  (call) => {
    const { inputs, backend, attrs } = call;
    const x = inputs['x']!;
    const { axis, keepDims } = attrs as unknown as SumAttrs;
    const axes = util.parseAxisParam(axis, x.shape);
    const groups = groupsOf(x.shape, axes);
    const trailing = groups.findIndex(({ summed }) => summed) === groups.length - 1;
    if (x.dtype !== 'float32' || trailing || util.sizeFromShape(x.shape) === 0) return stock(call);
    let sum = reshaped(backend, x, x.shape);
    for (let g = groups.length - 1; g >= 0; g--) {
      if (!groups[g]!.summed) continue;
      const outer = groups.slice(0, g).reduce((size, group) => size * group.size, 1);
      const inner = groups.slice(g + 1).reduce((size, group) => size * (group.summed ? 1 : group.size), 1);
      const { size } = groups[g]!;
      const next =
        inner === 1
          ? stock({
              inputs: { x: { ...sum, shape: [outer, size] } },
              backend,
              attrs: { axis: 1, keepDims: false },
            })
          : sumMiddle(backend, sum, outer, size, inner);
      backend.disposeData(sum.dataId);
      sum = next;
    }
    const [kept] = backend_util.computeOutAndReduceShapes(x.shape, axes);
    return { ...sum, shape: keepDims ? backend_util.expandShapeToKeepDim(kept, axes) : kept };
  };

/** Sum over axes. */
export const sum: ComposedKernel = { kernelName: Sum, compose: (stock) => sumWith(stock!) };

/** Mean over axes: the sum, scaled. */
export const mean: ComposedKernel = {
  kernelName: Mean,
  compose: (stock) => (call) => {
    const x = call.inputs['x']!;
    if (x.dtype !== 'float32' || util.sizeFromShape(x.shape) === 0) return stock!(call);
    const total = computeOf(getKernel(Sum, 'wasm'))!(call);
    const count = util.sizeFromShape(x.shape) / util.sizeFromShape(total.shape);
    // A sum over nothing shares the memory of its input, which is not to be written to.
    if (count === 1) return total;
    const values = call.backend.typedArrayFromHeap(total);
    for (let i = 0; i < values.length; i++) values[i]! /= count;
    return total;
  },
};
