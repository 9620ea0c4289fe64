import { backend_util, type DataType, type TensorInfo } from '@tensorflow/tfjs-core';
import { arranged, type View, viewOf } from '../arrange.js';
import { cast } from '../cast.js';
import type { Graph, Value } from '../graph.js';
import type { KernelCall, Lowering, Lowerings } from '../lowering.js';
import type { OnnxBackend } from '../onnxBackend.js';
import type { ElementType } from '../proto.js';
import { type Fitted, fitted, isRowMajor, type Layout, rowMajor } from '../view.js';

/** A function of one number, as recorded operations. */
type Unary = (graph: Graph, x: Value, attrs: KernelCall['attrs']) => Value;

/** Records a one-to-one operation. */
export const each = (
  graph: Graph,
  op: string,
  inputs: readonly Value[],
  options: { type?: ElementType; attributes?: { [name: string]: number | { float: number } } } = {},
) => graph.record(op, inputs, inputs[0]!.dims, options);

/** The kernel of a function of one number. What the function does not depend on is the tensor's layout. */
export const unary =
  (compute: Unary, dtype?: DataType): Lowering =>
  ({ inputs: { x }, attrs, backend }) => {
    if (x!.dtype !== 'float32') return undefined;
    const view = backend.view(x!);
    return backend.tensor(
      x!.shape,
      dtype ?? x!.dtype,
      viewOf(compute(backend.graph, view.value, attrs), view),
    );
  };

const plain =
  (op: string): Unary =>
  (graph, x) =>
    each(graph, op, [x]);

/** Operands of one layout, each in its dimensions, a smaller one in dimensions that broadcast against them. */
export interface Aligned {
  layout: Layout;
  values: Value[];
}

/**
 * Brings tensors that broadcast against each other to one layout: that of the first of them which has all elements of
 * the result and isn't row-major, so that what a convolution left in its own layout stays in it.
 */
export function aligned(
  graph: Graph,
  operands: readonly { view: View; shape: readonly number[] }[],
  shape: number[],
): Aligned {
  const size = shape.reduce((product, dim) => product * dim, 1);
  const whole = operands.filter(({ view }) => view.value.size === size);
  // What outlives steps, such as weights, stays as it is.
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
    if (view.value.size === size) return arranged(graph, view, layout);
    if (view.value.size === 1) return graph.reshaped(view.value, []);
    return broadcastable(graph, view, own, layout, axes, shape.length);
  });
  return widened(graph, layout, values);
}

/** Elements from which on the innermost loop of a broadcast operation is worth its start. */
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

/** A smaller operand in dimensions of 1 where the layout's are not its own. */
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
  return graph.reshaped(arranged(graph, view, target), dims);
}

/** A function of two numbers, as recorded operations on operands that broadcast. */
export type Binary = (graph: Graph, a: Value, b: Value, dims: readonly number[]) => Value;

const simple =
  (op: string, type?: ElementType): Binary =>
  (graph, a, b, dims) =>
    graph.record(op, [a, b], dims, type ? { type } : {});

/** Two tensors in the graph, and the shape to which they broadcast. */
export function operandsOf(backend: OnnxBackend, a: TensorInfo, b: TensorInfo) {
  const operands = [a, b].map((info) => ({ view: backend.view(info), shape: info.shape }));
  return { operands, shape: backend_util.assertAndGetBroadcastShape(a.shape, b.shape) };
}

/** What a function of two tensors gives. */
export function joint(
  graph: Graph,
  operands: readonly { view: View; shape: readonly number[] }[],
  shape: number[],
  compute: Binary,
): View {
  const { layout, values } = aligned(graph, operands, shape);
  return viewOf(compute(graph, values[0]!, values[1]!, layout.dims), layout);
}

/** The kernel's result of a function of two tensors. */
function combined(
  { backend }: KernelCall,
  a: TensorInfo,
  b: TensorInfo,
  compute: Binary,
  dtype: DataType = a.dtype,
): TensorInfo {
  const { operands, shape } = operandsOf(backend, a, b);
  return backend.tensor(shape, dtype, joint(backend.graph, operands, shape, compute));
}

const binary =
  (compute: Binary, dtype?: DataType, of: readonly DataType[] = ['float32']): Lowering =>
  (call) => {
    const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
    if (!of.includes(a.dtype) || b.dtype !== a.dtype) return undefined;
    return combined(call, a, b, compute, dtype ?? a.dtype);
  };

const numbers: readonly DataType[] = ['float32', 'int32'];
const bools: readonly DataType[] = ['bool'];

const zero = (graph: Graph) => graph.number(0);

/** Functions of single numbers and of pairs of them. */
export const elementwise: Lowerings = {
  Neg: unary(plain('Neg')),
  Abs: unary(plain('Abs')),
  Sqrt: unary(plain('Sqrt')),
  Sin: unary(plain('Sin')),
  Cos: unary(plain('Cos')),
  Exp: unary(plain('Exp')),
  Log: unary(plain('Log')),
  Sigmoid: unary(plain('Sigmoid')),
  Tanh: unary(plain('Tanh')),
  // 0 for what is no number, as in tfjs.
  Sign: unary((graph, x) => {
    const odd = each(graph, 'IsNaN', [x], { type: 'bool' });
    return graph.record('Where', [odd, zero(graph), each(graph, 'Sign', [x])], x.dims, { type: 'float32' });
  }),
  Floor: unary(plain('Floor')),
  Ceil: unary(plain('Ceil')),
  Erf: unary(plain('Erf')),
  Reciprocal: unary(plain('Reciprocal')),
  Softplus: unary(plain('Softplus')),
  // With u = 1 + x as it is rounded, log(u) x / (u - 1) is exact to rounding where log(1 + x) has lost x's digits.
  Log1p: unary((graph, x) => {
    const one = graph.number(1);
    const u = each(graph, 'Add', [x, one]);
    const ratio = each(graph, 'Div', [x, each(graph, 'Sub', [u, one])]);
    const usual = each(graph, 'Mul', [each(graph, 'Log', [u]), ratio]);
    // Where u is infinite the ratio is not a number, and the logarithm needs no correction.
    const large = each(graph, 'Greater', [x, graph.number(1e8)], { type: 'bool' });
    const small = each(graph, 'Equal', [u, one], { type: 'bool' });
    const result = graph.record('Where', [large, each(graph, 'Log', [u]), usual], x.dims, {
      type: 'float32',
    });
    return graph.record('Where', [small, x, result], x.dims, { type: 'float32' });
  }),
  Elu: unary(plain('Elu')),
  // Of dy and the result: where that is below 0, the derivative is the result and 1.
  EluGrad: (call) => {
    const { dy, y } = call.inputs as { dy: TensorInfo; y: TensorInfo };
    if (dy.dtype !== 'float32' || y.dtype !== 'float32') return undefined;
    return combined(call, dy, y, (graph, up, result, dims) => {
      const below = graph.record('Min', [result, zero(graph)], dims);
      return graph.record('Mul', [up, graph.record('Add', [below, graph.number(1)], dims)], dims);
    });
  },
  // To the even one of two that are as near, as in tfjs.
  Round: unary(plain('Round')),
  Relu6: unary((graph, x) => each(graph, 'Clip', [x, zero(graph), graph.number(6)])),
  LeakyRelu: unary((graph, x, { alpha }) =>
    each(graph, 'LeakyRelu', [x], { attributes: { alpha: { float: alpha as number } } }),
  ),
  Prelu: (call) => {
    const { x, alpha } = call.inputs as { x: TensorInfo; alpha: TensorInfo };
    if (x.dtype !== 'float32' || alpha.dtype !== 'float32') return undefined;
    return combined(call, x, alpha, (graph, value, slope, dims) => {
      const sloped = graph.record('Mul', [value, slope], dims);
      const below = graph.record('Less', [value, zero(graph)], value.dims, { type: 'bool' });
      return graph.record('Where', [below, sloped, value], dims, { type: 'float32' });
    });
  },
  Square: unary((graph, x) => each(graph, 'Mul', [x, x])),
  Rsqrt: unary((graph, x) => each(graph, 'Reciprocal', [each(graph, 'Sqrt', [x])])),
  ClipByValue: unary((graph, x, { clipValueMin, clipValueMax }) =>
    each(graph, 'Clip', [x, graph.number(clipValueMin as number), graph.number(clipValueMax as number)]),
  ),
  IsNan: unary((graph, x) => each(graph, 'IsNaN', [x], { type: 'bool' }), 'bool'),
  IsInf: unary((graph, x) => each(graph, 'IsInf', [x], { type: 'bool' }), 'bool'),
  // x - x is 0 for numbers only.
  IsFinite: unary(
    (graph, x) => each(graph, 'Equal', [each(graph, 'Sub', [x, x]), zero(graph)], { type: 'bool' }),
    'bool',
  ),
  Sub: binary(simple('Sub'), undefined, numbers),
  RealDiv: binary(simple('Div')),
  Pow: binary(simple('Pow')),
  Maximum: binary(simple('Max'), undefined, numbers),
  Minimum: binary(simple('Min'), undefined, numbers),
  SquaredDifference: binary((graph, a, b, dims) => {
    const difference = graph.record('Sub', [a, b], dims);
    return graph.record('Mul', [difference, difference], dims);
  }),
  Greater: binary(simple('Greater', 'bool'), 'bool', numbers),
  GreaterEqual: binary(simple('GreaterOrEqual', 'bool'), 'bool', numbers),
  Less: binary(simple('Less', 'bool'), 'bool', numbers),
  LessEqual: binary(simple('LessOrEqual', 'bool'), 'bool', numbers),
  Equal: binary(simple('Equal', 'bool'), 'bool', numbers),
  NotEqual: binary(
    (graph, a, b, dims) => {
      const equal = graph.record('Equal', [a, b], dims, { type: 'bool' });
      return graph.record('Not', [equal], dims);
    },
    'bool',
    numbers,
  ),
  LogicalAnd: binary(simple('And', 'bool'), 'bool', bools),
  LogicalOr: binary(simple('Or', 'bool'), 'bool', bools),
  LogicalNot: ({ inputs: { x }, backend }) => {
    if (x!.dtype !== 'bool') return undefined;
    const view = backend.view(x!);
    return backend.tensor(x!.shape, 'bool', viewOf(each(backend.graph, 'Not', [view.value]), view));
  },
  Select: (call) => {
    const { condition, t, e } = call.inputs as { condition: TensorInfo; t: TensorInfo; e: TensorInfo };
    const { backend } = call;
    if (t.dtype !== 'float32' || e.dtype !== 'float32' || condition.dtype !== 'bool') return undefined;
    // tfjs lets a condition of rank 1 choose whole rows.
    const rank = t.shape.length;
    const chooses =
      condition.shape.length === 1 && rank > 1
        ? [condition.shape[0]!, ...Array(rank - 1).fill(1)]
        : condition.shape;
    const operands = [
      { view: backend.view(condition), shape: chooses },
      { view: backend.view(t), shape: t.shape },
      { view: backend.view(e), shape: e.shape },
    ];
    const { layout, values } = aligned(backend.graph, operands, t.shape);
    const result = backend.graph.record('Where', values, layout.dims, { type: 'float32' });
    return backend.tensor(t.shape, 'float32', viewOf(result, layout));
  },
  Cast: ({ inputs: { x }, attrs, backend }) => {
    const dtype = attrs['dtype'] as DataType;
    if (!numeric(x!.dtype) || !numeric(dtype)) return undefined;
    if (x!.dtype === dtype) return undefined;
    const view = backend.view(x!);
    // tfjs truncates towards zero, as ONNX does; a bool is 0 or 1.
    return backend.tensor(x!.shape, dtype, viewOf(cast(backend.graph, view.value, dtype), view));
  },
};

const numeric = (dtype: DataType): dtype is 'float32' | 'int32' | 'bool' =>
  dtype === 'float32' || dtype === 'int32' || dtype === 'bool';
