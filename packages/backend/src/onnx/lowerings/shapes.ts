import { backend_util, slice_util, util } from '@tensorflow/tfjs-core';
import type { Graph } from '../graph/graph.js';
import { rowMajorView, toLayout, toRowMajor, viewOf } from '../graph/toLayout.js';
import type { Value } from '../graph/value.js';
import { type Fitted, fitted, type Layout, rowMajor, type View } from '../graph/view.js';
import type { Lowering, Lowerings } from '../lowering.js';

/** A tensor whose axes `moving` are separate dimensions in memory: in its layout if they are, or row-major. */
export function withAxes(
  graph: Graph,
  view: View,
  shape: readonly number[],
  moving: readonly number[],
): { value: Value; layout: Fitted } {
  const own = fitted(view, shape);
  if (own && moving.every((axis) => own.axes[axis]!.length === 1)) {
    return { value: graph.reshaped(view.value, own.dims), layout: own };
  }
  // Axes of size 1 have a dimension here, as others do.
  const layout: Fitted = {
    dims: shape,
    order: shape.map((_, axis) => axis),
    axes: shape.map((_, axis) => [axis]),
  };
  return { value: toRowMajor(graph, view, shape), layout };
}

/** A layout with other sizes along some axes. */
export const resized = (layout: Fitted, axes: readonly number[], sizes: readonly number[]): Layout => {
  const places = new Map(axes.map((axis, i) => [layout.axes[axis]![0]!, sizes[i]!]));
  return { dims: layout.dims.map((dim, i) => places.get(i) ?? dim), order: layout.order };
};

const transpose: Lowering = ({ inputs: { x }, attrs, backend }) => {
  const perm = attrs['perm'] as number[];
  const { graph } = backend;
  const view = backend.view(x!);
  const shape = perm.map((axis) => x!.shape[axis]!);
  const layout = fitted(view, x!.shape);
  // Nothing moves: only the order in which the dimensions count changes.
  if (layout) {
    const order = perm.flatMap((axis) => layout.axes[axis]!);
    const moved = { dims: layout.dims, order };
    return backend.tensor(shape, x!.dtype, viewOf(graph.reshaped(view.value, layout.dims), moved));
  }
  const rows = rowMajorView(toRowMajor(graph, view, [view.value.size]));
  const cut = fitted(rows, x!.shape)!;
  const moved = { dims: cut.dims, order: perm.flatMap((axis) => cut.axes[axis]!) };
  return backend.tensor(shape, x!.dtype, viewOf(graph.reshaped(rows.value, cut.dims), moved));
};

const slice: Lowering = ({ inputs: { x }, attrs, backend }) => {
  const [begin, size] = slice_util.parseSliceParams(
    x!,
    attrs['begin'] as number[],
    attrs['size'] as number[],
  ) as [number[], number[]];
  if (util.sizeFromShape(size) === 0) return undefined;
  const { graph } = backend;
  const margins = begin.map((start, axis) => [start, x!.shape[axis]! - start - size[axis]!] as const);
  const cropped = backend.origin(x!).crop?.(margins, size);
  if (cropped) return backend.tensor(size, x!.dtype, cropped);
  return backend.tensor(size, x!.dtype, cutOut(graph, backend.view(x!), x!.shape, begin, size));
};

/** A part of a tensor. */
function cutOut(
  graph: Graph,
  view: View,
  shape: readonly number[],
  begin: readonly number[],
  size: readonly number[],
): View {
  const moving = shape.map((_, axis) => axis).filter((axis) => size[axis] !== shape[axis]);
  if (moving.length === 0) return view;
  const { value, layout } = withAxes(graph, view, shape, moving);
  const result = resized(
    layout,
    moving,
    moving.map((axis) => size[axis]!),
  );
  const of = (numbers: number[]) => graph.integers(numbers);
  const part = graph.record(
    'Slice',
    [
      value,
      of(moving.map((axis) => begin[axis]!)),
      of(moving.map((axis) => begin[axis]! + size[axis]!)),
      of(moving.map((axis) => layout.axes[axis]![0]!)),
    ],
    result.dims,
  );
  return viewOf(part, result);
}

const pad: Lowering = ({ inputs: { x }, attrs, backend }) => {
  const paddings = attrs['paddings'] as [number, number][];
  const constant = (attrs['constantValue'] as number) ?? 0;
  if (x!.dtype !== 'float32' || x!.shape.length === 0) return undefined;
  const { graph } = backend;
  const shape = x!.shape.map((dim, axis) => dim + paddings[axis]![0] + paddings[axis]![1]);
  if (util.sizeFromShape(shape) === 0 || util.sizeFromShape(x!.shape) === 0) return undefined;
  const moving = shape.map((_, axis) => axis).filter((axis) => shape[axis] !== x!.shape[axis]);
  const view = backend.view(x!);
  if (moving.length === 0) return backend.tensor(shape, 'float32', view);
  const { value, layout } = withAxes(graph, view, x!.shape, moving);
  const result = resized(
    layout,
    moving,
    moving.map((axis) => shape[axis]!),
  );
  const [before, after] = [0, 1].map((side) =>
    layout.dims.map((_, i) => {
      const axis = moving.find((axis) => layout.axes[axis]![0] === i);
      return axis === undefined ? 0 : paddings[axis]![side]!;
    }),
  );
  const inputs = [
    value,
    graph.integers([...before!, ...after!]),
    ...(constant === 0 ? [] : [graph.number(constant)]),
  ];
  const padded = graph.record('Pad', inputs, result.dims);
  const origin = constant === 0 ? { padded: { view, shape: x!.shape, paddings } } : undefined;
  return backend.tensor(shape, 'float32', viewOf(padded, result), origin);
};

const concat: Lowering = ({ inputs, attrs, backend }) => {
  const infos = Object.values(inputs);
  const axis = util.parseAxisParam(attrs['axis'] as number, infos[0]!.shape)[0]!;
  const filled = infos.filter((info) => util.sizeFromShape(info.shape) > 0);
  if (filled.length === 0 || infos.some((info) => info.dtype !== infos[0]!.dtype)) return undefined;
  return backend.tensor(
    backend_util.computeOutShape(
      infos.map((info) => info.shape),
      axis,
    ),
    infos[0]!.dtype,
    joined(
      backend.graph,
      filled.map((info) => ({ view: backend.view(info), shape: info.shape })),
      axis,
    ),
  );
};

/** Tensors concatenated along an axis, in the layout of the first where that is possible. */
function joined(
  graph: Graph,
  parts: readonly { view: View; shape: readonly number[] }[],
  axis: number,
): View {
  if (parts.length === 1) return parts[0]!.view;
  const lead = withAxes(graph, parts[0]!.view, parts[0]!.shape, [axis]).layout;
  const at = lead.axes[axis]![0]!;
  const sizes = parts.map(({ shape }) => shape[axis]!);
  const values = parts.map(({ view }, i) => toLayout(graph, view, resized(lead, [axis], [sizes[i]!])));
  const result = resized(lead, [axis], [sizes.reduce((a, b) => a + b)]);
  const value = graph.record('Concat', values, result.dims, { attributes: { axis: at } });
  return viewOf(value, result);
}

const pack: Lowering = ({ inputs, attrs, backend }) => {
  const infos = Object.values(inputs);
  const { shape, dtype } = infos[0]!;
  if (util.sizeFromShape(shape) === 0 || infos.some((info) => info.dtype !== dtype)) return undefined;
  const at = attrs['axis'] as number;
  const axis = at < 0 ? at + shape.length + 1 : at;
  const single = [...shape.slice(0, axis), 1, ...shape.slice(axis)];
  const { graph } = backend;
  const parts = infos.map((info) => ({
    view: rowMajorView(toRowMajor(graph, backend.view(info), [backend.view(info).value.size])),
    shape: single,
  }));
  const whole = single.map((dim, i) => (i === axis ? infos.length : dim));
  return backend.tensor(whole, dtype, joined(graph, parts, axis));
};

const unpack: Lowering = ({ inputs: { value: x }, attrs, backend }) => {
  const at = attrs['axis'] as number;
  const axis = at < 0 ? at + x!.shape.length : at;
  if (util.sizeFromShape(x!.shape) === 0) return undefined;
  const view = backend.view(x!);
  const size = x!.shape.map((dim, i) => (i === axis ? 1 : dim));
  const shape = x!.shape.filter((_, i) => i !== axis);
  return Array.from({ length: x!.shape[axis]! }, (_, place) => {
    const begin = x!.shape.map((_, i) => (i === axis ? place : 0));
    return backend.tensor(shape, x!.dtype, cutOut(backend.graph, view, x!.shape, begin, size));
  });
};

const splitV: Lowering = ({ inputs: { x }, attrs, backend }) => {
  const axis = util.parseAxisParam(attrs['axis'] as number, x!.shape)[0]!;
  const sizes = backend_util.prepareSplitSize(x as never, attrs['numOrSizeSplits'] as number[], axis);
  if (util.sizeFromShape(x!.shape) === 0 || sizes.includes(0)) return undefined;
  const view = backend.view(x!);
  let start = 0;
  return sizes.map((length) => {
    const size = x!.shape.map((dim, i) => (i === axis ? length : dim));
    const begin = x!.shape.map((_, i) => (i === axis ? start : 0));
    start += length;
    return backend.tensor(size, x!.dtype, cutOut(backend.graph, view, x!.shape, begin, size));
  });
};

const tile: Lowering = ({ inputs: { x }, attrs, backend }) => {
  const reps = attrs['reps'] as number[];
  const shape = x!.shape.map((dim, axis) => dim * reps[axis]!);
  if (util.sizeFromShape(shape) === 0 || x!.shape.length === 0) return undefined;
  const { graph } = backend;
  const rows = toRowMajor(graph, backend.view(x!), x!.shape);
  const tiled = graph.record('Tile', [rows, graph.integers(reps)], shape);
  return backend.tensor(shape, x!.dtype, { value: tiled, ...rowMajor(tiled.size) });
};

const reverse: Lowering = ({ inputs: { x }, attrs, backend }) => {
  const axes = util.parseAxisParam(attrs['dims'] as number[], x!.shape);
  if (axes.length === 0 || x!.shape.length === 0 || util.sizeFromShape(x!.shape) === 0) return undefined;
  const { graph } = backend;
  const { value, layout } = withAxes(graph, backend.view(x!), x!.shape, axes);
  const of = (numbers: number[]) => graph.integers(numbers);
  const turned = graph.record(
    'Slice',
    [
      value,
      of(axes.map(() => -1)),
      of(axes.map(() => -(2 ** 31))),
      of(axes.map((axis) => layout.axes[axis]![0]!)),
      of(axes.map(() => -1)),
    ],
    layout.dims,
  );
  return backend.tensor(x!.shape, x!.dtype, viewOf(turned, layout));
};

const filled =
  (number: number): Lowering =>
  ({ inputs: { x }, backend }) => {
    if (x!.dtype !== 'float32') return undefined;
    const values = new Float32Array(util.sizeFromShape(x!.shape));
    return backend.makeTensorInfo(x!.shape, 'float32', number === 0 ? values : values.fill(number));
  };

const cumsum: Lowering = ({ inputs: { x }, attrs, backend }) => {
  if (x!.dtype !== 'float32' || util.sizeFromShape(x!.shape) === 0) return undefined;
  const { axis, exclusive, reverse } = attrs as unknown as {
    axis: number;
    exclusive: boolean;
    reverse: boolean;
  };
  const { graph } = backend;
  const rows = toRowMajor(graph, backend.view(x!), x!.shape);
  const [at] = util.parseAxisParam(axis, x!.shape);
  const sums = graph.record('CumSum', [rows, graph.integers([at!])], x!.shape, {
    attributes: { exclusive: exclusive ? 1 : 0, reverse: reverse ? 1 : 0 },
  });
  return backend.tensor(x!.shape, 'float32', { value: sums, ...rowMajor(sums.size) });
};

/** Kernels that move numbers without changing them, and a few that count along an axis. */
export const shapes: Lowerings = {
  Transpose: transpose,
  Slice: slice,
  PadV2: pad,
  Concat: concat,
  Pack: pack,
  Unpack: unpack,
  SplitV: splitV,
  Tile: tile,
  Reverse: reverse,
  ZerosLike: filled(0),
  OnesLike: filled(1),
  Cumsum: cumsum,
};

/** An input of a kernel of which only the shape matters. */
export const shapeOnly: ReadonlySet<string> = new Set(['ZerosLike', 'OnesLike']);
