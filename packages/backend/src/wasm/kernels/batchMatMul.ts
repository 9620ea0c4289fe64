import { BatchMatMul, type BatchMatMulAttrs, backend_util, util } from '@tensorflow/tfjs-core';
import { one } from '../../geometry.js';
import { correlate } from '../correlate.js';
import { gemm } from '../gemm.js';
import { reshaped, withWindow, wordOf } from '../heap.js';
import { transposed } from '../transpose.js';
import { type ComposedKernel, type Compute, composed } from './kernel.js';

/** For each batch of the broadcast shape, which batch of an operand it reads. */
function batchesOf(outer: number[], own: number[]): number[] {
  const padded = [...Array<number>(outer.length - own.length).fill(1), ...own];
  const strides = util.computeStrides([...padded, 1]);
  const places = util.sizeFromShape(outer);
  return Array.from({ length: places }, (_, place) => {
    let batch = 0;
    for (let axis = outer.length - 1, rest = place; axis >= 0; axis--) {
      if (padded[axis] !== 1) batch += (rest % outer[axis]!) * strides[axis]!;
      rest = Math.floor(rest / outer[axis]!);
    }
    return batch;
  });
}

/** From this inner size, a product with a transposed left side is added up from slabs that stay in the cache. */
const LONG = 1024;

/**
 * Matrix products over broadcast batch axes. Transposed operands are transposed first, and a right side
 * that all batches share turns them into one tall product.
 */
const multiply: Compute<'a' | 'b'> = ({ inputs: { a, b }, backend, attrs }) => {
  const { transposeA, transposeB } = attrs as unknown as BatchMatMulAttrs;
  const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
  const [bRows, bColumns] = b.shape.slice(-2) as [number, number];
  const [rows, inner] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [shared, columns] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
  util.assert(
    inner === shared,
    () =>
      `matMul: inner sizes ${inner} and ${shared} of shapes [${a.shape}] and [${b.shape}] with ` +
      `transposeA=${transposeA}, transposeB=${transposeB} differ; they must be equal.`,
  );
  const aOuter = a.shape.slice(0, -2);
  const bOuter = b.shape.slice(0, -2);
  const outer = backend_util.assertAndGetBroadcastShape(aOuter, bOuter);
  const aCount = util.sizeFromShape(aOuter);
  const bCount = util.sizeFromShape(bOuter);
  const out = backend.makeOutput([...outer, rows, columns], 'float32');
  if (util.sizeFromShape(out.shape) === 0) return out;
  if (inner === 0) {
    backend.typedArrayFromHeap(out).fill(0);
    return out;
  }
  if (transposeA && !transposeB && aCount === 1 && bCount === 1 && inner >= LONG) {
    const places = { ...one, input: inner, output: inner };
    correlate(backend, { batch: 1, channels: rows, filters: columns, axes: [one, one, places] }, a, b, out);
    return out;
  }
  const left = transposeA ? transposed(backend, a, aCount, aRows, aColumns) : reshaped(backend, a, a.shape);
  const right = transposeB ? transposed(backend, b, bCount, bRows, bColumns) : reshaped(backend, b, b.shape);
  const a0 = wordOf(backend, left);
  const out0 = wordOf(backend, out);
  if (bCount === 1) {
    gemm(backend, { a: a0, b: right, out: out0, rows: aCount * rows, inner, columns });
  } else {
    const lefts = batchesOf(outer, aOuter);
    const rights = batchesOf(outer, bOuter);
    const b0 = wordOf(backend, right);
    for (let i = 0; i < lefts.length; i++) {
      withWindow(backend, b0 + rights[i]! * inner * columns, [1, inner, columns], (window) =>
        gemm(backend, {
          a: a0 + lefts[i]! * rows * inner,
          b: window,
          out: out0 + i * rows * columns,
          rows,
          inner,
          columns,
        }),
      );
    }
  }
  backend.disposeData(left.dataId);
  backend.disposeData(right.dataId);
  return out;
};

/** Up to this many multiplications, tfjs's loops take less time than preparing XNNPACK's operator. */
const SMALL = 4096;

/** Products of matrices, over broadcast batch axes. */
export const batchMatMul: ComposedKernel = {
  kernelName: BatchMatMul,
  compose: (stock) => {
    const { compose } = composed(BatchMatMul, multiply);
    const multiplyFloats = compose(stock);
    return (call) => {
      const [a, b] = [call.inputs['a']!, call.inputs['b']!];
      const sameBatches =
        a.shape.length === b.shape.length && a.shape.slice(0, -2).every((n, i) => n === b.shape[i]);
      const [rows, columns] = a.shape.slice(-2) as [number, number];
      const small = rows * columns * Math.max(...b.shape.slice(-2)) <= SMALL;
      // tfjs's kernel repeats the wrong batches where both sides broadcast, so it gets those that don't.
      return stock && sameBatches && small && a.shape.length > 2 && rows * columns > 0
        ? stock(call)
        : multiplyFloats(call);
    };
  },
};
