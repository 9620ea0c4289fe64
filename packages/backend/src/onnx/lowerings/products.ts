import { broadcast_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { Graph } from '../graph/graph.js';
import { matMulTransposed } from '../graph/matMulTransposed.js';
import { rowMajorView, toLayout, toRowMajor, transposed, viewOf } from '../graph/toLayout.js';
import type { Value } from '../graph/value.js';
import { fitted, isRowMajor, type Layout, simplified, type View } from '../graph/view.js';
import type { KernelCall, Lowering, Lowerings } from '../lowering.js';
import type { OnnxBackend } from '../onnxBackend.js';
import { recordConv } from './blockedConv.js';

/** A matrix as stored in memory, and whether that is the transpose. */
function matrix(
  graph: Graph,
  view: View,
  [rows, columns]: readonly [number, number],
): { value: Value; transposed: boolean } {
  if (!isRowMajor(view)) {
    const cut = fitted(view, [rows, columns]);
    const turned = cut && [...cut.axes[1]!, ...cut.axes[0]!].every((axis, i) => axis === i);
    if (turned) return { value: graph.reshaped(view.value, [columns, rows]), transposed: true };
  }
  return { value: toRowMajor(graph, view, [rows, columns]), transposed: false };
}

/**
 * A product of rows of channels as a convolution with a filter of one position, where the rows are not in tfjs's order: rows
 * in blocks of channels stay as they are, and rows in any other layout have to be moved in any case.
 */
function asConvolution(
  { graph, block }: OnnxBackend,
  rows: View,
  filter: View,
  [count, channels, filters]: readonly [number, number, number],
  turned: boolean,
): View | undefined {
  if (block === 0 || channels % block !== 0 || filters % block !== 0 || isRowMajor(rows)) return undefined;
  const { dims, order } = simplified(rows);
  const inBlocks = order.join() === '0,2,1,3' && dims[1]! * block === channels && dims[3] === block;
  const [images, pixels] = inBlocks ? [dims[0]!, dims[2]!] : [1, count];
  const layout = (channels: number): Layout => ({
    dims: [images, channels / block, pixels, block],
    order: [0, 2, 1, 3],
  });
  const [outer, inner] = [filters / block, channels / block];
  const weight = graph.cached(filter, `rows ${channels} ${turned}`, () =>
    turned
      ? transposed(
          graph,
          toRowMajor(graph, filter, [filters, channels]),
          [outer, block, inner, block],
          [0, 2, 3, 1],
        )
      : transposed(
          graph,
          toRowMajor(graph, filter, [channels, filters]),
          [inner, block, outer, block],
          [2, 0, 1, 3],
        ),
  );
  return recordConv(graph, {
    input: graph.reshaped(toLayout(graph, rows, layout(channels)), [images, channels, pixels, 1]),
    weight: graph.reshaped(weight, [filters, channels, 1, 1]),
    strides: [1, 1],
    pads: [0, 0, 0, 0],
    dims: [images, filters, pixels, 1],
    layout: layout(filters),
  });
}

/** Columns from which one of several products outweighs its overhead. */
const COLUMNS = 32;

/** An axis divided into many runs of columns, each long enough, along the dimensions in memory that form it. */
function runsOf({ dims }: Layout, axes: readonly number[]) {
  const sizeOf = (axes: readonly number[]) => axes.reduce((size, axis) => size * dims[axis]!, 1);
  let at = axes.length;
  while (at > 0 && sizeOf(axes.slice(at)) < COLUMNS) at--;
  const [many, each] = [axes.slice(0, at), axes.slice(at)];
  return { many, each, count: sizeOf(many), length: sizeOf(each) };
}

/**
 * A product whose right side isn't stored as tfjs's rows but as [many, rows, columns], or can be brought into this order as
 * cheaply as into rows. It becomes one product for each of the many, without moving them: joints are mixed frame by frame.
 */
function mixed(
  graph: Graph,
  left: View,
  right: View,
  [m, k, n]: readonly [number, number, number],
  turned: boolean,
): View | undefined {
  if (isRowMajor(right)) return undefined;
  const cut = fitted(right, [k, n]);
  if (!cut) return undefined;
  const [rows, columns] = cut.axes as [readonly number[], readonly number[]];
  const { many, each, count, length } = runsOf(cut, columns);
  if (many.length === 0) return undefined;
  // In memory: many, rows, each. As tfjs counts: rows, many, each.
  const axes = [...many, ...rows, ...each];
  const target = {
    dims: axes.map((axis) => cut.dims[axis]!),
    order: [...rows, ...many, ...each].map((axis) => axes.indexOf(axis)),
  };
  const value = graph.record(
    'MatMul',
    [
      turned
        ? transposed(graph, toRowMajor(graph, left, [k, m]), [k, m], [1, 0])
        : toRowMajor(graph, left, [m, k]),
      graph.reshaped(toLayout(graph, right, target), [count, k, length]),
    ],
    [count, m, length],
  );
  const others = [...many, ...each].map((axis) => cut.dims[axis]!);
  const place = (i: number) => (i < many.length ? i : i + 1);
  return viewOf(value, {
    dims: [...others.slice(0, many.length), m, ...others.slice(many.length)],
    order: [many.length, ...others.map((_, i) => place(i))],
  });
}

/**
 * A product over the columns of both sides, where these are stored as [many, rows, each]: the sum of one product for each of
 * the many, without moving them. It is the gradient of {@link mixed} with respect to its left side.
 */
function crossed(
  graph: Graph,
  left: View,
  right: View,
  [m, k, n]: readonly [number, number, number],
): View | undefined {
  if (isRowMajor(left) || isRowMajor(right)) return undefined;
  const cut = fitted(left, [m, k]);
  if (!cut) return undefined;
  const { count, length } = runsOf(cut, cut.axes[1]!);
  // The result of each of the many must not be larger than its operands.
  if (count === 1 || m * n > (m + n) * length) return undefined;
  const stacked = (view: View, rows: number) =>
    toLayout(graph, view, { dims: [count, rows, length], order: [1, 0, 2] });
  const products = matMulTransposed(graph, stacked(left, m), stacked(right, n), [count, m, n]);
  const sum = graph.record('ReduceSum', [products, graph.integers([0])], [m, n], {
    attributes: { keepdims: 0 },
  });
  return rowMajorView(sum);
}

const product: Lowering = (call: KernelCall) => {
  const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
  const { transposeA, transposeB } = call.attrs as unknown as { transposeA: boolean; transposeB: boolean };
  const { backend } = call;
  const { graph } = backend;
  if (a.dtype !== 'float32' || b.dtype !== 'float32') return undefined;
  const [first, second] = [a.shape, b.shape].map((shape) => shape.slice(0, -2));
  const batch = broadcast_util.assertAndGetBroadcastShape(first!, second!);
  const [m, k] = transposeA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
  const n = transposeB ? b.shape.at(-2)! : b.shape.at(-1)!;
  const shape = [...batch, m, n];
  if (util.sizeFromShape(shape) === 0 || k === 0) return undefined;

  const single = util.sizeFromShape(batch) === 1;
  if (single && !transposeA) {
    const pointwise = asConvolution(backend, backend.view(a), backend.view(b), [m, k, n], transposeB);
    if (pointwise) return backend.tensor(shape, 'float32', pointwise);
  }
  if (single && !transposeA && transposeB) {
    const summed = crossed(graph, backend.view(a), backend.view(b), [m, k, n]);
    if (summed) return backend.tensor(shape, 'float32', summed);
  }
  if (single && !transposeB) {
    const stacked = mixed(graph, backend.view(a), backend.view(b), [m, k, n], transposeA);
    if (stacked) return backend.tensor(shape, 'float32', stacked);
  }
  const [left, right] = single
    ? [a, b].map((info) => matrix(graph, backend.view(info), [info.shape.at(-2)!, info.shape.at(-1)!]))
    : [a, b].map((info) => ({ value: toRowMajor(graph, backend.view(info), info.shape), transposed: false }));
  const [transA, transB] = [transposeA !== left!.transposed, transposeB !== right!.transposed];
  const dims = single ? [m, n] : shape;
  const value =
    transA || transB
      ? matMulTransposed(graph, left!.value, right!.value, dims, { transA, transB })
      : graph.record('MatMul', [left!.value, right!.value], dims);
  return backend.tensor(shape, 'float32', rowMajorView(value));
};

/** Matrix products. */
export const products: Lowerings = { BatchMatMul: product };
