import { UnsortedSegmentSum, type UnsortedSegmentSumAttrs, util } from '@tensorflow/tfjs-core';
import type { ComposedKernel } from './kernel.js';

/**
 * Sums of the rows that share an id, the gradient of tf.gather. tfjs has no such kernel for wasm. Ids outside
 * [0, numSegments) are left out, as on the cpu backend.
 */
export const unsortedSegmentSum: ComposedKernel = {
  kernelName: UnsortedSegmentSum,
  compose:
    () =>
    ({ inputs, backend, attrs }) => {
      const x = inputs['x']!;
      const segmentIds = inputs['segmentIds']!;
      const { numSegments } = attrs as unknown as UnsortedSegmentSumAttrs;
      util.assert(
        segmentIds.shape.length === 1 && segmentIds.shape[0] === x.shape[0],
        () =>
          `unsortedSegmentSum: segmentIds has the shape [${segmentIds.shape}], expected one id for each of the ` +
          `${x.shape[0]} rows of x, [${x.shape}].`,
      );
      const rest = x.shape.slice(1);
      const row = util.sizeFromShape(rest);
      const out = backend.makeOutput([numSegments, ...rest], x.dtype);
      const sums = backend.typedArrayFromHeap(out).fill(0);
      const values = backend.typedArrayFromHeap(x);
      backend.typedArrayFromHeap(segmentIds).forEach((id, i) => {
        if (id < 0 || id >= numSegments) return;
        for (let j = 0, s = id * row, v = i * row; j < row; j++) sums[s + j]! += values[v + j]!;
      });
      return out;
    },
};
