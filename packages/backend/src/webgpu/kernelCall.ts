import { getKernel, type KernelFunc, type NamedAttrMap, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Replacement } from '../overrideKernels.js';

/** The arguments of a kernel. */
export interface KernelCall {
  inputs: { [name: string]: TensorInfo };
  attrs: NamedAttrMap;
  backend: { disposeData(dataId: object): boolean };
}

/** A kernel with one result. */
export type Compute = (call: KernelCall) => TensorInfo;

/** A replacement made of tfjs's own kernel for WebGPU. */
export const around = (kernelName: string, compose: (stock: Compute) => Compute): Replacement => ({
  kernelName,
  compose: (stock) => compose(stock as unknown as Compute) as unknown as KernelFunc,
});

/** The same values under another shape: WebGPU's tensors are row-major, so nothing is copied. */
export const viewed = ({ dataId, dtype }: TensorInfo, shape: number[]): TensorInfo => ({
  dataId,
  dtype,
  shape,
});

/** Calls another of the backend's kernels. */
export function call(
  kernelName: string,
  { backend }: KernelCall,
  inputs: KernelCall['inputs'],
  attrs: NamedAttrMap = {},
): TensorInfo {
  const { kernelFunc } = getKernel(kernelName, 'webgpu')!;
  return (kernelFunc as unknown as Compute)({ inputs, attrs, backend });
}

/**
 * Applies one step after the other, each to the result of the one before, and disposes of the results in between.
 * @param steps at least one
 */
export function inTurn(
  { backend }: KernelCall,
  x: TensorInfo,
  steps: ((x: TensorInfo) => TensorInfo)[],
): TensorInfo {
  let now = x;
  for (const step of steps) {
    const next = step(now);
    if (now.dataId !== x.dataId) backend.disposeData(now.dataId);
    now = next;
  }
  return now;
}
