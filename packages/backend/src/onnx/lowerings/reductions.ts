import { backend_util, type DataType, util } from '@tensorflow/tfjs-core';
import { cast } from '../graph/cast.js';
import type { Graph } from '../graph/graph.js';
import { rowMajorView, toRowMajor, viewOf } from '../graph/toLayout.js';
import type { Value } from '../graph/value.js';
import { fitted, without } from '../graph/view.js';
import type { Lowering, Lowerings } from '../lowering.js';
import { withAxes } from './shapes.js';

/** A reduction over dimensions in memory. */
type Reduce = (graph: Graph, x: Value, axes: number[], dims: readonly number[]) => Value;

const reduceBy =
  (op: string): Reduce =>
  (graph, x, axes, dims) =>
    graph.record(op, [x, graph.integers(axes)], dims, { attributes: { keepdims: 0 } });

const reduction =
  (reduce: Reduce, of: DataType = 'float32'): Lowering =>
  ({ inputs, attrs, backend }) => {
    const x = inputs['x']!;
    const named = (attrs['axis'] ?? attrs['reductionIndices']) as number | number[];
    if (x.dtype !== of || util.sizeFromShape(x.shape) === 0) return undefined;
    const axes = util.parseAxisParam(named, x.shape);
    const [kept] = backend_util.computeOutAndReduceShapes(x.shape, axes);
    const shape = attrs['keepDims'] ? backend_util.expandShapeToKeepDim(kept, axes) : kept;
    const { graph } = backend;
    let view = backend.view(x);
    let layout = fitted(view, x.shape);
    if (!layout) {
      view = rowMajorView(toRowMajor(graph, view, [view.value.size]));
      layout = fitted(view, x.shape)!;
    }
    const removed = axes.flatMap((axis) => layout.axes[axis]!).sort((a, b) => a - b);
    const result = without(layout, removed);
    const source = graph.reshaped(view.value, layout.dims);
    const value = removed.length === 0 ? source : reduce(graph, source, removed, result.dims);
    return backend.tensor(shape, of, viewOf(value, result));
  };

const logical =
  (op: 'ReduceMin' | 'ReduceMax'): Reduce =>
  (graph, x, axes, dims) =>
    cast(graph, reduceBy(op)(graph, cast(graph, x, 'int32'), axes, dims), 'bool');

const arg =
  (op: 'ArgMax' | 'ArgMin'): Lowering =>
  ({ inputs: { x }, attrs, backend }) => {
    if (x!.dtype !== 'float32' || util.sizeFromShape(x!.shape) === 0) return undefined;
    const { graph } = backend;
    const [axis] = util.parseAxisParam(attrs['axis'] as number, x!.shape);
    const rows = toRowMajor(graph, backend.view(x!), x!.shape);
    const shape = x!.shape.filter((_, i) => i !== axis);
    const index = graph.record(op, [rows], shape, {
      type: 'int64',
      attributes: { axis: axis!, keepdims: 0 },
    });
    return backend.tensor(shape, 'int32', rowMajorView(cast(graph, index, 'int32')));
  };

const softmax: Lowering = ({ inputs: { logits }, attrs, backend }) => {
  const { shape, dtype } = logits!;
  const axis = attrs['dim'] as number;
  if (dtype !== 'float32' || util.sizeFromShape(shape) === 0 || shape.length === 0) return undefined;
  const { graph } = backend;
  const { value, layout } = withAxes(graph, backend.view(logits!), shape, [axis]);
  const result = graph.record('Softmax', [value], layout.dims, {
    attributes: { axis: layout.axes[axis]![0]! },
  });
  return backend.tensor(shape, dtype, viewOf(result, layout));
};

/** Kernels that take axes together. */
export const reductions: Lowerings = {
  Sum: reduction(reduceBy('ReduceSum')),
  Mean: reduction(reduceBy('ReduceMean')),
  Max: reduction(reduceBy('ReduceMax')),
  Min: reduction(reduceBy('ReduceMin')),
  Prod: reduction(reduceBy('ReduceProd')),
  All: reduction(logical('ReduceMin'), 'bool'),
  Any: reduction(logical('ReduceMax'), 'bool'),
  ArgMax: arg('ArgMax'),
  ArgMin: arg('ArgMin'),
  Softmax: softmax,
};
