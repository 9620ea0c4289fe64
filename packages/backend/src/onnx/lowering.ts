import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { OnnxBackend } from './onnxBackend.js';

/** The arguments of a kernel. */
export interface KernelCall {
  /** The tensors by tfjs's names; `0`, `1` and so on where a kernel takes a list. */
  inputs: { [name: string]: TensorInfo };
  attrs: NamedAttrMap;
  backend: OnnxBackend;
}

/**
 * A kernel as operations of the graph. Returns undefined for a case that it leaves to tfjs's cpu kernel, before it has
 * made any tensor.
 */
export type Lowering = (call: KernelCall) => TensorInfo | TensorInfo[] | undefined;

/** Lowerings by tfjs's kernel names. */
export type Lowerings = { readonly [kernelName: string]: Lowering };
