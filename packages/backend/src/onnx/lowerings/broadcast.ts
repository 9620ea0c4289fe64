import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Graph } from '../graph/graph.js';
import { toLayout, viewOf } from '../graph/toLayout.js';
import type { Value } from '../graph/value.js';
import { type Fitted, fitted, isRowMajor, type Layout, rowMajor, type View } from '../graph/view.js';
import type { OnnxBackend } from '../onnxBackend.js';

/** Operands of one layout, each in its dimensions, a smaller one in dimensions that broadcast against them. */
export interface Aligned {
  layout: Layout;
  values: Value[];
}

/**
 * Brings tensors that broadcast against each other to one layout: that of the first of them that has all elements of the
 * result and isn't row-major, so that the result of a convolution keeps its layout.
 */
export function aligned(
  graph: Graph,
  operands: readonly { view: View; shape: readonly number[] }[],
  shape: number[],
): Aligned {
  const size = shape.reduce((product, dim) => product * dim, 1);
  const whole = operands.filter(({ view }) => view.value.size === size);
  // Tensors that outlive steps, such as weights, keep their layout.
  const settled = whole.some(({ view }) => view.value.data && isRowMajor(view));
  const lead = settled ? undefined : whole.find(({ view }) => !isRowMajor(view));
  const partial = operands.some(({ view }) => view.value.size !== size && view.value.size !== 1);
  let layout: Layout = lead?.view ?? rowMajor(size);
  let axes: Fitted['axes'] = [];
  if (partial) {
    const cut = fitted(layout, shape) ?? fitted(rowMajor(size), shape)!;
    layout = cut;
    axes = cut.axes;
  }
  const values = operands.map(({ view, shape: own }) => {
    if (view.value.size === size) return toLayout(graph, view, layout);
    if (view.value.size === 1) return graph.reshaped(view.value, []);
    return broadcastable(graph, view, own, layout, axes, shape.length);
  });
  return widened(graph, layout, values);
}

/** Elements from which the innermost loop of a broadcast operation outweighs its overhead. */
const LONG = 1024;

/**
 * The same with the smaller operands repeated until the innermost run that they share with the others is long: ONNX
 * Runtime adds 16 numbers to each of many rows several times slower than 1024 to each of fewer.
 */
function widened(graph: Graph, layout: Layout, values: Value[]): Aligned {
  const { dims, order } = layout;
  const small = values.filter(
    ({ dims: own, size }) => size > 1 && own.some((dim, axis) => dim !== dims[axis]),
  );
  const rank = dims.length;
  // The innermost dimensions that all of them have, and the one before, which none has.
  let axis = rank;
  while (axis > 0 && small.every(({ dims: own }) => own[axis - 1] === dims[axis - 1])) axis--;
  const run = dims.slice(axis).reduce((product, dim) => product * dim, 1);
  const outer = axis - 1;
  if (small.length === 0 || outer < 0 || axis === rank || run >= LONG) return { layout, values };
  if (small.some(({ dims: own }) => own[outer] !== 1)) return { layout, values };
  let repeats = 1;
  for (let k = 2; k * run <= 2 * LONG && k <= dims[outer]!; k++) if (dims[outer]! % k === 0) repeats = k;
  if (repeats === 1) return { layout, values };
  const split = (own: readonly number[], of: number) => [
    ...own.slice(0, outer),
    of / repeats,
    repeats,
    ...own.slice(axis),
  ];
  const finer: Layout = {
    dims: split(dims, dims[outer]!),
    order: order.flatMap((at) => (at < outer ? [at] : at === outer ? [outer, outer + 1] : [at + 1])),
  };
  const wide = values.map((value) => {
    if (value.size === 1) return value;
    if (!small.includes(value)) return graph.reshaped(value, finer.dims);
    const before = [...value.dims.slice(0, outer), 1, 1, ...value.dims.slice(axis)];
    const after = [...value.dims.slice(0, outer), 1, repeats, ...value.dims.slice(axis)];
    return graph.record('Expand', [graph.reshaped(value, before), graph.integers(after)], after);
  });
  return { layout: finer, values: wide };
}

/** A smaller operand, with dimensions of 1 where it has none of the layout's. */
function broadcastable(
  graph: Graph,
  view: View,
  shape: readonly number[],
  layout: Layout,
  axes: Fitted['axes'],
  rank: number,
): Value {
  const lacking = rank - shape.length;
  const own = new Set(
    axes.flatMap((parts, axis) => (axis >= lacking && shape[axis - lacking] !== 1 ? parts : [])),
  );
  const kept = layout.dims.map((_, axis) => axis).filter((axis) => own.has(axis));
  const order = layout.order.filter((axis) => own.has(axis)).map((axis) => kept.indexOf(axis));
  const target: Layout = { dims: kept.map((axis) => layout.dims[axis]!), order };
  const dims = layout.dims.map((dim, axis) => (own.has(axis) ? dim : 1));
  return graph.reshaped(toLayout(graph, view, target), dims);
}

/** A function of two numbers, as recorded operations on operands that broadcast. */
export type Binary = (graph: Graph, a: Value, b: Value, dims: readonly number[]) => Value;

/** Two tensors in the graph, and the shape to which they broadcast. */
export function operandsOf(backend: OnnxBackend, a: TensorInfo, b: TensorInfo) {
  const operands = [a, b].map((info) => ({ view: backend.view(info), shape: info.shape }));
  return { operands, shape: backend_util.assertAndGetBroadcastShape(a.shape, b.shape) };
}

/** The result of a function of two tensors. */
export function joint(
  graph: Graph,
  operands: readonly { view: View; shape: readonly number[] }[],
  shape: number[],
  compute: Binary,
): View {
  const { layout, values } = aligned(graph, operands, shape);
  return viewOf(compute(graph, values[0]!, values[1]!, layout.dims), layout);
}
