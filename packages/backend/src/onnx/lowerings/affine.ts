import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type View, viewOf } from '../arrange.js';
import { addedConv, convolutionOf, rectifiedConv, scaledConv, shiftedConv } from '../blockedConv.js';
import type { Graph, Value } from '../graph.js';
import type { KernelCall, Lowerings } from '../lowering.js';
import type { OnnxBackend } from '../onnxBackend.js';
import { isRowMajor } from '../view.js';
import { combined, each } from './elementwise.js';

/** Tensors that are another one times a number for each channel, the last axis: a convolution takes the factor over. */
const scaled = new WeakMap<Value, { view: View; factor: Value }>();
/** relu(x) by x: the sign of one is that of the other, and only one of them need be computed. */
const rectified = new WeakMap<Value, View>();
/** step(x) by its value: whether x is above 0. */
const steps = new WeakMap<Value, Value>();

/** What a tensor is without its last factor per channel, and this factor of [channels]; the tensor itself otherwise. */
export function withoutFactor(graph: Graph, view: View, channels: number): { view: View; factor?: Value } {
  const found = scaled.get(view.value);
  const live = found && graph.isLive(found.view.value) && graph.isLive(found.factor);
  return live && found.factor.size === channels ? found : { view };
}

/** A vector with an entry for each channel of the other operand, whose last axis they are. */
function perChannel(backend: OnnxBackend, whole: TensorInfo, vector: TensorInfo): Value | undefined {
  const channels = whole.shape.at(-1);
  if (channels === undefined || channels === 1 || vector.shape.length === 0) return undefined;
  const view = backend.view(vector);
  const fits = view.value.size === channels && vector.shape.at(-1) === channels;
  return fits && isRowMajor(view) ? backend.graph.reshaped(view.value, [channels]) : undefined;
}

function multiply(call: KernelCall): TensorInfo | undefined {
  const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
  const { backend } = call;
  const { graph } = backend;
  if (a.dtype !== 'float32' || b.dtype !== 'float32') return undefined;
  for (const [whole, other] of [
    [a, b],
    [b, a],
  ] as const) {
    // biome-ignore format: pairs
    const view = backend.view(whole);
    const vector = perChannel(backend, whole, other);
    if (vector && view.value.size > vector.size) {
      const conv = convolutionOf(graph, view);
      const folded = conv?.dims[1] === vector.size && scaledConv(graph, conv, vector);
      if (folded) return backend.tensor(whole.shape, 'float32', folded);
      const result = combined(call, a, b, (graph, x, y, dims) => graph.record('Mul', [x, y], dims));
      scaled.set(backend.view(result).value, { view, factor: vector });
      return result;
    }
    const step = steps.get(backend.view(other).value);
    if (step && graph.isLive(step) && view.value.size === step.size) {
      return combined(call, whole, other, (graph, x, y, dims) => graph.record('Mul', [x, y], dims));
    }
  }
  return combined(call, a, b, (graph, x, y, dims) => graph.record('Mul', [x, y], dims));
}

function add(call: KernelCall): TensorInfo | undefined {
  const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
  const { backend } = call;
  const { graph } = backend;
  if (a.dtype !== 'float32' || b.dtype !== 'float32') return undefined;
  for (const [whole, other] of [
    [a, b],
    [b, a],
  ] as const) {
    // biome-ignore format: pairs
    const conv = convolutionOf(graph, backend.view(whole));
    if (!conv) continue;
    const vector = perChannel(backend, whole, other);
    const same = whole.shape.join() === other.shape.join();
    const folded =
      vector?.size === conv.dims[1] && vector.size < backend.view(whole).value.size
        ? shiftedConv(graph, conv, vector)
        : same && addedConv(graph, conv, backend.view(other));
    if (folded) return backend.tensor(whole.shape, 'float32', folded);
  }
  return combined(call, a, b, (graph, x, y, dims) => graph.record('Add', [x, y], dims));
}

/** Sums, products, and the activation that stands behind them, within the convolution before them where there is one. */
export const affine: Lowerings = {
  Multiply: multiply,
  Add: add,
  AddN: (call) => {
    const [first, ...rest] = Object.values(call.inputs);
    let sum: TensorInfo | undefined = first;
    const parts: TensorInfo[] = [];
    for (const other of rest) {
      sum = sum && add({ ...call, inputs: { a: sum, b: other } });
      if (sum) parts.push(sum);
    }
    const result = parts.pop();
    for (const part of parts) call.backend.disposeData(part.dataId);
    return result;
  },
  Relu: ({ inputs: { x }, backend }) => {
    if (x!.dtype !== 'float32') return undefined;
    const { graph } = backend;
    const view = backend.view(x!);
    const conv = convolutionOf(graph, view);
    const folded = conv && rectifiedConv(graph, conv);
    const result = folded ?? viewOf(each(graph, 'Relu', [view.value]), view);
    rectified.set(view.value, result);
    return backend.tensor(x!.shape, 'float32', result);
  },
  Step: ({ inputs: { x }, attrs, backend }) => {
    if (x!.dtype !== 'float32' || attrs['alpha']) return undefined;
    const { graph } = backend;
    const view = backend.view(x!);
    const relu = rectified.get(view.value);
    const source = relu && graph.isLive(relu.value) ? relu : view;
    const above = each(graph, 'Greater', [source.value, graph.number(0)], { type: 'bool' });
    const step = each(graph, 'Cast', [above], { type: 'float32', attributes: { to: 1 } });
    steps.set(step, above);
    return backend.tensor(x!.shape, 'float32', viewOf(step, source));
  },
};
