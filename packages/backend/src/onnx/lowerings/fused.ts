import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import { viewOf } from '../graph/toLayout.js';
import type { KernelCall, Lowering, Lowerings } from '../lowering.js';
import { affine } from './affine.js';
import { convolutions } from './convolutions.js';
import { depthwise } from './depthwise.js';
import { each, elementwise } from './elementwise.js';
import { products } from './products.js';

/** Kernels of activations, by tfjs's names. */
const activations: { [name: string]: string } = {
  relu: 'Relu',
  relu6: 'Relu6',
  elu: 'Elu',
  sigmoid: 'Sigmoid',
  leakyrelu: 'LeakyRelu',
  prelu: 'Prelu',
};

const lowerings: Lowerings = { ...elementwise, ...affine };

/** A linear kernel, a sum and an activation: one after the other, folded where possible. */
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

/** The result of a kernel on a tensor that has no other user, its first input. */
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

/** (x - mean) / sqrt(variance + epsilon) * scale + offset, as x * factor + shift: so it folds into a convolution. */
const batchNorm: Lowering = (call) => {
  const { x, mean, variance, scale, offset } = call.inputs;
  const { varianceEpsilon = 0.001 } = call.attrs as { varianceEpsilon?: number };
  if (Object.values(call.inputs).some((info) => info && info.dtype !== 'float32')) return undefined;
  const { backend } = call;
  const { graph } = backend;
  const view = backend.view(variance!);
  const sum = each(graph, 'Add', [view.value, graph.number(varianceEpsilon)]);
  const inverse = each(graph, 'Reciprocal', [each(graph, 'Sqrt', [sum])]);
  const deviation = backend.tensor(variance!.shape, 'float32', viewOf(inverse, view));
  const factor = scale ? instead(call, 'Multiply', { a: deviation, b: scale }) : deviation;
  const product = lowerings['Multiply']!({ ...call, inputs: { a: mean!, b: factor } }) as TensorInfo;
  const down = instead(call, 'Neg', { x: product });
  const shift = offset ? instead(call, 'Add', { a: down, b: offset }) : down;
  const scaled = lowerings['Multiply']!({ ...call, inputs: { a: x!, b: factor } }) as TensorInfo;
  const result = instead(call, 'Add', { a: scaled, b: shift });
  for (const { dataId } of [factor, shift]) backend.disposeData(dataId);
  return result;
};

/** tfjs's fused kernels. */
export const fusions: Lowerings = {
  FusedBatchNorm: batchNorm,
  FusedConv2D: fused(convolutions['Conv2D']!),
  FusedDepthwiseConv2D: fused(depthwise['DepthwiseConv2dNative']!),
  _FusedMatMul: fused(products['BatchMatMul']!),
};
