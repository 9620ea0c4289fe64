import { Slice, type SliceAttrs, slice_util, type Tensor, util } from '@tensorflow/tfjs-core';
import type { ComposedKernel } from './kernel.js';

/** A part of a tensor of any rank. The stock kernel copies the whole tensor out of the heap first, whatever the part. */
export const slice: ComposedKernel = {
  kernelName: Slice,
  compose: (stock) => (call) => {
    const { inputs, backend, attrs } = call;
    const x = inputs['x']!;
    if (x.dtype === 'string' && stock) return stock(call);
    const { begin, size } = attrs as unknown as SliceAttrs;
    const [from, extent] = slice_util.parseSliceParams(x as Tensor, begin, size) as [number[], number[]];
    const out = backend.makeOutput(extent, x.dtype);
    if (util.sizeFromShape(extent) === 0) return out;
    // Trailing axes that are taken whole are one run of memory with the axis before them.
    let axis = extent.length - 1;
    let run = 1;
    while (axis > 0 && extent[axis] === x.shape[axis]) run *= extent[axis--]!;
    const strides = [...util.computeStrides(x.shape), 1];
    const first = axis >= 0 ? from[axis]! * run : 0;
    if (axis >= 0) run *= extent[axis]!;
    const source = backend.typedArrayFromHeap(x);
    const target = backend.typedArrayFromHeap(out);
    const copy = (depth: number, offset: number, place: number): number => {
      if (depth >= axis) {
        const at = offset + first;
        if (run >= 32) target.set(source.subarray(at, at + run), place);
        else for (let i = 0; i < run; i++) target[place + i] = source[at + i]!;
        return place + run;
      }
      let next = place;
      for (let i = 0; i < extent[depth]!; i++) {
        next = copy(depth + 1, offset + (from[depth]! + i) * strides[depth]!, next);
      }
      return next;
    };
    copy(0, 0, 0);
    return out;
  },
};
