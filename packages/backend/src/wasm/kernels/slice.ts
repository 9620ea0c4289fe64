import {
  Slice,
  type SliceAttrs,
  slice_util,
  type Tensor,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../heap.js';
import type { ComposedKernel } from './kernel.js';

/** From this many elements, a typed array's own copy is faster than a loop. */
const LONG_RUN = 32;

/** The part of a tensor of any rank that starts at `begin` and is `extent` large. */
export function sliced(backend: WasmBackend, x: TensorInfo, begin: number[], extent: number[]): TensorInfo {
  const out = backend.makeOutput(extent, x.dtype);
  if (util.sizeFromShape(extent) === 0) return out;
  const source = backend.typedArrayFromHeap(x);
  const target = backend.typedArrayFromHeap(out);
  // Trailing axes that are taken whole, and the axis before them, are one run of memory.
  let axis = extent.length - 1;
  let whole = 1;
  while (axis > 0 && extent[axis] === x.shape[axis]) whole *= extent[axis--]!;
  const run = whole * (extent[axis] ?? 1);
  const strides = [...util.computeStrides(x.shape), 1];
  let place = 0;
  const copy = (depth: number, offset: number): void => {
    if (depth >= axis) {
      const from = offset + (begin[depth] ?? 0) * whole;
      if (run >= LONG_RUN) target.set(source.subarray(from, from + run), place);
      else for (let i = 0; i < run; i++) target[place + i] = source[from + i]!;
      place += run;
      return;
    }
    const stride = strides[depth]!;
    for (let i = 0; i < extent[depth]!; i++) copy(depth + 1, offset + (begin[depth]! + i) * stride);
  };
  copy(0, 0);
  return out;
}

/**
 * A part of a tensor of any rank. tfjs's kernel copies the whole tensor out of the heap first, however small the part,
 * and copies element by element from rank 5.
 */
export const slice: ComposedKernel = {
  kernelName: Slice,
  compose: (stock) => (call) => {
    const { inputs, backend, attrs } = call;
    const x = inputs['x']!;
    if (x.dtype === 'string') return stock!(call);
    const { begin, size } = attrs as unknown as SliceAttrs;
    const [from, extent] = slice_util.parseSliceParams(x as Tensor, begin, size) as [number[], number[]];
    slice_util.assertParamsValid(x, from, extent);
    return sliced(backend, x, from, extent);
  },
};
