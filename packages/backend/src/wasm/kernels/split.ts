import {
  backend_util,
  SplitV,
  type SplitVAttrs,
  type Tensor,
  type TensorInfo,
  Unpack,
  type UnpackAttrs,
  util,
} from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../heap.js';
import type { ComposedKernel } from './kernel.js';
import { sliced } from './slice.js';

/** Consecutive parts along an axis, of the given sizes. */
function parts(backend: WasmBackend, x: TensorInfo, axis: number, sizes: number[]): TensorInfo[] {
  const begin = x.shape.map(() => 0);
  return sizes.map((size) => {
    const extent = x.shape.map((whole, i) => (i === axis ? size : whole));
    const part = sliced(backend, x, begin, extent);
    begin[axis]! += size;
    return part;
  });
}

/** Splits along an axis. tfjs's kernel calls tfjs's Slice, which is slow from rank 5 on. */
export const splitV: ComposedKernel = {
  kernelName: SplitV,
  compose: (stock) => (call) => {
    const x = call.inputs['x']!;
    if (x.dtype === 'string') return stock!(call);
    const { numOrSizeSplits, axis } = call.attrs as unknown as SplitVAttrs;
    const along = util.parseAxisParam(axis, x.shape)[0]!;
    return parts(call.backend, x, along, backend_util.prepareSplitSize(x as Tensor, numOrSizeSplits, along));
  },
};

/** Splits an axis into its entries (tf.unstack), for the same reason. */
export const unpack: ComposedKernel = {
  kernelName: Unpack,
  compose: (stock) => (call) => {
    const { backend, attrs, inputs } = call;
    const x = inputs['value']!;
    if (x.dtype === 'string') return stock!(call);
    const axis = util.parseAxisParam((attrs as unknown as UnpackAttrs).axis, x.shape)[0]!;
    const shape = x.shape.filter((_, i) => i !== axis);
    return parts(backend, x, axis, Array<number>(x.shape[axis]!).fill(1)).map((part) => ({ ...part, shape }));
  },
};
