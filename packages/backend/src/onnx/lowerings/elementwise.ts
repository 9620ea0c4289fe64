import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';
import { cast } from '../graph/cast.js';
import type { Graph } from '../graph/graph.js';
import type { ElementType } from '../graph/proto.js';
import { viewOf } from '../graph/toLayout.js';
import type { Value } from '../graph/value.js';
import type { KernelCall, Lowering, Lowerings } from '../lowering.js';
import { aligned, type Binary, joint, operandsOf } from './broadcast.js';

/** A function of one number, as recorded operations. */
type Unary = (graph: Graph, x: Value, attrs: KernelCall['attrs']) => Value;

/** Records a one-to-one operation. */
export const each = (
  graph: Graph,
  op: string,
  inputs: readonly Value[],
  options: { type?: ElementType; attributes?: { [name: string]: number | { float: number } } } = {},
) => graph.record(op, inputs, inputs[0]!.dims, options);

/** The kernel of a function of one number, which doesn't depend on the tensor's layout. */
const unary =
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

const simple =
  (op: string, type?: ElementType): Binary =>
  (graph, a, b, dims) =>
    graph.record(op, [a, b], dims, type ? { type } : {});

/** The result of a kernel that is a function of two tensors. */
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
  // 0 for NaN, as in tfjs.
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
    // Where u is infinite the ratio is NaN, and the logarithm needs no correction.
    const large = each(graph, 'Greater', [x, graph.number(1e8)], { type: 'bool' });
    const small = each(graph, 'Equal', [u, one], { type: 'bool' });
    const result = graph.record('Where', [large, each(graph, 'Log', [u]), usual], x.dims, {
      type: 'float32',
    });
    return graph.record('Where', [small, x, result], x.dims, { type: 'float32' });
  }),
  Elu: unary(plain('Elu')),
  // From dy and the result: where the result is below 0, the derivative is the result plus 1.
  EluGrad: (call) => {
    const { dy, y } = call.inputs as { dy: TensorInfo; y: TensorInfo };
    if (dy.dtype !== 'float32' || y.dtype !== 'float32') return undefined;
    return combined(call, dy, y, (graph, up, result, dims) => {
      const below = graph.record('Min', [result, zero(graph)], dims);
      return graph.record('Mul', [up, graph.record('Add', [below, graph.number(1)], dims)], dims);
    });
  },
  // Halves are rounded to even, as in tfjs.
  Round: unary(plain('Round')),
  Relu6: unary((graph, x) => each(graph, 'Clip', [x, zero(graph), graph.number(6)])),
  LeakyRelu: (call) => {
    const alpha = call.attrs['alpha'] as number;
    // The text that identifies an operation can't hold other numbers.
    if (!Number.isFinite(alpha)) return undefined;
    return unary((graph, x) => each(graph, 'LeakyRelu', [x], { attributes: { alpha: { float: alpha } } }))(
      call,
    );
  },
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
