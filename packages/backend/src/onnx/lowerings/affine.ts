import type { TensorInfo } from '@tensorflow/tfjs-core';
import { cast } from '../graph/cast.js';
import { viewOf } from '../graph/toLayout.js';
import type { Node, Value } from '../graph/value.js';
import { isRowMajor, sameLayout, type View } from '../graph/view.js';
import type { Lowering, Lowerings } from '../lowering.js';
import type { OnnxBackend } from '../onnxBackend.js';
import { addedConv, convolutionOf, rectifiedConv, scaledConv, shiftedConv } from './blockedConv.js';
import { type Binary, joint, operandsOf } from './broadcast.js';
import { each } from './elementwise.js';

/**
 * Products with a number for each channel, the last axis, by the nodes that compute them. A convolution that reads such a
 * product takes over the factor.
 */
const scaled = new WeakMap<Node, { result: View; view: View; factor: Value }>();
/** relu(x) by the node that computes x: both have the same sign, so only one of them is computed. */
const rectified = new WeakMap<Node, Value>();

/** A tensor without its last factor per channel, and this factor, [channels]; the tensor itself if it has none. */
export function withoutFactor(view: View, channels: number): { view: View; factor?: Value } {
  const { node } = view.value;
  const found = node && scaled.get(node);
  return found?.factor.size === channels && sameLayout(view, found.result) ? found : { view };
}

/** A vector with an entry for each channel, the last axis, of the other operand. */
function perChannel(backend: OnnxBackend, whole: TensorInfo, vector: TensorInfo): Value | undefined {
  const channels = whole.shape.at(-1);
  if (channels === undefined || channels === 1 || vector.shape.length === 0) return undefined;
  const view = backend.view(vector);
  const fits =
    view.value.size === channels &&
    vector.shape.at(-1) === channels &&
    vector.shape.length <= whole.shape.length;
  return fits && isRowMajor(view) ? backend.graph.reshaped(view.value, [channels]) : undefined;
}

/** A sum or product of two tensors, folded into the convolution before it; undefined where that is impossible. */
type Into = (
  backend: OnnxBackend,
  whole: TensorInfo,
  other: TensorInfo,
  plain: () => View,
) => View | undefined;

/** The kernel of a commutative function of two tensors, either of which may be the result of a convolution. */
const within =
  (op: 'Add' | 'Mul', into: Into): Lowering =>
  ({ inputs, backend }) => {
    const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
    if (a.dtype !== 'float32' || b.dtype !== 'float32') return undefined;
    const { operands, shape } = operandsOf(backend, a, b);
    const compute: Binary = (graph, x, y, dims) => graph.record(op, [x, y], dims);
    const plain = () => joint(backend.graph, operands, shape, compute);
    const result = into(backend, a, b, plain) ?? into(backend, b, a, plain) ?? plain();
    return backend.tensor(shape, 'float32', result);
  };

const multiply = within('Mul', (backend, whole, other, plain) => {
  const view = backend.view(whole);
  const factor = perChannel(backend, whole, other);
  if (!factor || view.value.size <= factor.size) return undefined;
  const conv = convolutionOf(view);
  const folded =
    conv?.dims[1] === factor.size ? scaledConv(backend.graph, { conv, plain }, factor) : undefined;
  if (folded) return folded;
  const result = plain();
  scaled.set(result.value.node!, { result, view, factor });
  return result;
});

const add = within('Add', (backend, whole, other, plain) => {
  const view = backend.view(whole);
  const conv = convolutionOf(view);
  if (!conv) return undefined;
  const shift = perChannel(backend, whole, other);
  if (shift?.size === conv.dims[1] && shift.size < view.value.size) {
    return shiftedConv(backend.graph, { conv, plain }, shift);
  }
  const same = whole.shape.join() === other.shape.join();
  return same ? addedConv(backend.graph, { conv, plain }, backend.view(other)) : undefined;
});

/** Sums, products, and the activation after them, folded into the convolution before them where there is one. */
export const affine: Lowerings = {
  Multiply: multiply,
  Add: add,
  AddN: (call) => {
    const [first, ...rest] = Object.values(call.inputs);
    if (rest.length === 0) return call.backend.tensor(first!.shape, first!.dtype, call.backend.view(first!));
    let total: TensorInfo | undefined = first;
    const parts: TensorInfo[] = [];
    for (const other of rest) {
      total = total && (add({ ...call, inputs: { a: total, b: other! } }) as TensorInfo | undefined);
      if (total) parts.push(total);
    }
    const result = parts.pop();
    for (const part of parts) call.backend.disposeData(part.dataId);
    return result;
  },
  Relu: ({ inputs: { x }, backend }) => {
    if (x!.dtype !== 'float32') return undefined;
    const { graph } = backend;
    const view = backend.view(x!);
    const plain = () => viewOf(each(graph, 'Relu', [view.value]), view);
    const conv = convolutionOf(view);
    const result = (conv && rectifiedConv(graph, { conv, plain })) ?? plain();
    if (view.value.node) rectified.set(view.value.node, result.value);
    return backend.tensor(x!.shape, 'float32', result);
  },
  Step: ({ inputs: { x }, attrs, backend }) => {
    if (x!.dtype !== 'float32' || attrs['alpha']) return undefined;
    const { graph } = backend;
    const view = backend.view(x!);
    const relu = view.value.node && rectified.get(view.value.node);
    // Both have the same layout in memory, that of the tensor.
    const above = each(graph, 'Greater', [relu ?? view.value, graph.number(0)], { type: 'bool' });
    return backend.tensor(x!.shape, 'float32', viewOf(cast(graph, above, 'float32'), view));
  },
};
