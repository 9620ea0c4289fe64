import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelCall, Lowering, Lowerings } from '../lowering.js';
import { affine } from './affine.js';
import { convolutions } from './convolutions.js';
import { elementwise } from './elementwise.js';
import { products } from './products.js';

/** tfjs's names of activations, and the kernels that they are. */
const activations: { [name: string]: string } = {
  relu: 'Relu',
  relu6: 'Relu6',
  elu: 'Elu',
  sigmoid: 'Sigmoid',
  leakyrelu: 'LeakyRelu',
  prelu: 'Prelu',
};

const lowerings: Lowerings = { ...elementwise, ...affine };

/** A linear kernel, what is added to it, and an activation: one after the other, and one where they fold. */
const fused =
  (linear: Lowering): Lowering =>
  (call) => {
    const { bias, preluActivationWeights, ...inputs } = call.inputs;
    const { activation = 'linear', leakyreluAlpha } = call.attrs as { activation?: string } & NamedAttrMap;
    const kernel = activations[activation];
    const floats = [bias, preluActivationWeights].every((info) => !info || info.dtype === 'float32');
    if (!floats || (!kernel && activation !== 'linear')) return undefined;
    const result = linear({ ...call, inputs }) as TensorInfo | undefined;
    if (!result) return undefined;
    const added = bias ? instead(call, 'Add', { a: result, b: bias }) : result;
    if (!kernel) return added;
    const alpha = preluActivationWeights && { alpha: preluActivationWeights };
    return instead(call, kernel, { x: added, ...alpha }, { alpha: leakyreluAlpha ?? 0 });
  };

/** What a kernel makes of a tensor that nobody else has, its first input. */
function instead(
  { backend }: KernelCall,
  kernel: string,
  inputs: { [name: string]: TensorInfo },
  attrs: NamedAttrMap = {},
): TensorInfo {
  const result = lowerings[kernel]!({ inputs, attrs, backend }) as TensorInfo;
  backend.disposeData(Object.values(inputs)[0]!.dataId);
  return result;
}

/** Kernels that tfjs has of several in one. */
export const fusions: Lowerings = {
  FusedConv2D: fused(convolutions['Conv2D']!),
  _FusedMatMul: fused(products['BatchMatMul']!),
};
