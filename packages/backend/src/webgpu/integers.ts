import {
  All,
  Any,
  ArgMax,
  ArgMin,
  Cast,
  type DataType,
  Max,
  Maximum,
  Mean,
  Min,
  Prod,
  Sum,
  sumOutType,
  type TensorInfo,
  Transpose,
} from '@tensorflow/tfjs-core';
import type { Replacement } from '../overrideKernels.js';
import { around, call, type KernelCall } from './kernelCall.js';

// tfjs's shader for transposes does not compile where the buffer holds integers: of booleans, of int32, and of float32
// from a cast, which only renames the buffer. Reductions transpose, too, to move their axes to the end.

/** The values as floats in a separate buffer. */
function floats(given: KernelCall, { dataId, shape }: TensorInfo): TensorInfo {
  const x: TensorInfo = { dataId, shape, dtype: 'float32' };
  return call(Maximum, given, { a: x, b: x });
}

const areIntegers = ({ dtype }: TensorInfo) => dtype === 'int32' || dtype === 'bool';

/** Casts to float32 that write floats. */
const cast = around(Cast, (stock) => (given) => {
  const x = given.inputs['x']!;
  return given.attrs['dtype'] === 'float32' && areIntegers(x) ? floats(given, x) : stock(given);
});

/** A kernel of one tensor that computes integers as floats: exactly up to 2^24, as all integer arithmetic of this backend. */
export const asFloats = (kernelName: string, dtypeOf: (x: TensorInfo) => DataType): Replacement =>
  around(kernelName, (stock) => (given) => {
    const x = given.inputs['x']!;
    if (!areIntegers(x)) return stock(given);
    const [before, dtype] = [floats(given, x), dtypeOf(x)];
    const after = stock({ ...given, inputs: { x: before } });
    given.backend.disposeData(before.dataId);
    if (after.dtype === dtype) return after;
    const result = call(Cast, given, { x: after }, { dtype });
    given.backend.disposeData(after.dataId);
    return result;
  });

const own = ({ dtype }: TensorInfo): DataType => dtype;

/** `all` is true where the minimum is 1, `any` where the maximum is. */
const ofBooleans = (kernelName: string, extreme: string): Replacement =>
  around(kernelName, () => (given) => {
    const { axis, keepDims } = given.attrs as { axis: number[]; keepDims: boolean };
    // Max has another name for the axes than Min.
    return call(extreme, given, given.inputs, { axis, reductionIndices: axis, keepDims });
  });

/** Kernels that transpose, on booleans and other integers. */
export const integers: readonly Replacement[] = [
  cast,
  asFloats(Transpose, own),
  asFloats(Max, own),
  asFloats(Min, own),
  asFloats(Sum, ({ dtype }) => sumOutType(dtype)),
  asFloats(Prod, ({ dtype }) => sumOutType(dtype)),
  asFloats(Mean, () => 'float32'),
  asFloats(ArgMax, () => 'int32'),
  asFloats(ArgMin, () => 'int32'),
  ofBooleans(All, Min),
  ofBooleans(Any, Max),
];
