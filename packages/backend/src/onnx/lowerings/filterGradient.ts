import { type Axis, type Geometry, isPointwiseAxis, reachOf } from '../../geometry.js';
import type { Graph } from '../graph/graph.js';
import { matMulTransposed } from '../graph/matMulTransposed.js';
import { rowMajorView, toLayout, transposed } from '../graph/toLayout.js';
import type { Value } from '../graph/value.js';
import type { View } from '../graph/view.js';
import type { OnnxBackend } from '../onnxBackend.js';
import { framesAt } from './framesAt.js';
import { framePlanes } from './planes.js';

/** The gradient of a convolution with respect to its filter, [depth, height, width, channels, filters]. */
export function filterGradient(backend: OnnxBackend, geometry: Geometry, x: View, dy: View): View {
  const { graph } = backend;
  const { batch, channels, filters, axes } = geometry;
  const [depth, height, width] = axes;
  const [ho, wo] = [height.output, width.output];
  const pixels = ho * wo;
  if (channels >= ROWS && filters >= ROWS && isPointwiseAxis(depth))
    return wideGradient(graph, geometry, x, dy);
  // Each frame's patches, [batch * frames, taps * channels, pixels]; then one product for each tap in time.
  const image = toLayout(graph, x, framePlanes(batch, [depth.input, height.input, width.input], channels));
  const frames = batch * depth.input;
  const padded = surrounded(graph, graph.reshaped(image, [frames, channels, height.input, width.input]), [
    height,
    width,
  ]);
  // dy's frames next to each frame of x, one for each tap in time, zeros where a tap read none.
  const planes = toLayout(graph, dy, framePlanes(batch, [depth.output, ho, wo], filters));
  const places = Array.from({ length: depth.input }, (_, place) =>
    Array.from({ length: depth.filter }, (_, tap) => {
      const output = (place + depth.padBefore - tap * depth.dilation) / depth.stride;
      return Number.isInteger(output) && output >= 0 && output < depth.output ? output : -1;
    }),
  ).flat();
  const upstream = framesAt(graph, graph.reshaped(planes, [batch, depth.output, filters * pixels]), places);
  const columns = depth.filter * filters;
  const beside = graph.reshaped(upstream, [frames, columns, pixels]);

  const taps = Array.from({ length: height.filter * width.filter }, (_, tap) => tap);
  const together = Math.ceil(ROWS / channels);
  const sums: Value[] = [];
  for (let start = 0; start < taps.length; start += together) {
    const parts = taps.slice(start, start + together).map((tap) => {
      const place = [Math.floor(tap / width.filter), tap % width.filter];
      const seen = strided(graph, padded.value, padded.starts, [height, width], place);
      return graph.reshaped(seen, [frames, channels, pixels]);
    });
    const rows = parts.length * channels;
    const patches =
      parts.length === 1
        ? parts[0]!
        : graph.record('Concat', parts, [frames, rows, pixels], { attributes: { axis: 1 } });
    const products = matMulTransposed(graph, patches, beside, [frames, rows, columns]);
    const sum =
      frames === 1
        ? graph.reshaped(products, [rows, columns])
        : graph.record('ReduceSum', [products, graph.integers([0])], [rows, columns], {
            attributes: { keepdims: 0 },
          });
    sums.push(sum);
  }
  const rows = taps.length * channels;
  const sum =
    sums.length === 1 ? sums[0]! : graph.record('Concat', sums, [rows, columns], { attributes: { axis: 0 } });
  const ordered = transposed(graph, sum, [rows, depth.filter, filters], [1, 0, 2]);
  return rowMajorView(ordered);
}

/**
 * The same for many channels and filters, where nothing moves along the depth: with the channels outermost, one product
 * of two large matrices for each tap.
 */
function wideGradient(
  graph: Graph,
  { batch, channels, filters, axes: [depth, height, width] }: Geometry,
  x: View,
  dy: View,
): View {
  const outermost = (view: View, count: number, rows: number, columns: number) =>
    graph.reshaped(
      toLayout(graph, view, { dims: [count, batch, depth.input, rows, columns], order: [1, 2, 3, 4, 0] }),
      [count, batch * depth.input, rows, columns],
    );
  const images = outermost(x, channels, height.input, width.input);
  const upstream = outermost(dy, filters, height.output, width.output);
  const length = upstream.size / filters;
  const padded = surrounded(graph, images, [height, width]);
  const products = Array.from({ length: height.filter * width.filter }, (_, tap) => {
    const place = [Math.floor(tap / width.filter), tap % width.filter];
    const seen = strided(graph, padded.value, padded.starts, [height, width], place);
    const [left, right] = [
      graph.reshaped(seen, [channels, length]),
      graph.reshaped(upstream, [filters, length]),
    ];
    return matMulTransposed(graph, left, right, [channels, filters]);
  });
  const rows = products.length * channels;
  const all =
    products.length === 1
      ? products[0]!
      : graph.record('Concat', products, [rows, filters], { attributes: { axis: 0 } });
  return rowMajorView(all);
}

/** Rows from which a matrix product is fast; more rows only need more memory. */
const ROWS = 48;

/** Zeros around images, so that every tap of every output reads a number; and the position of the first tap. */
function surrounded(graph: Graph, value: Value, axes: readonly Axis[]) {
  const before = axes.map((axis) => Math.max(0, axis.padBefore));
  const behind = axes.map((axis) => Math.max(0, reachOf(axis) - axis.padBefore - axis.input));
  const starts = axes.map((axis, i) => before[i]! - axis.padBefore);
  if ([...before, ...behind].every((count) => count === 0)) return { value, starts };
  const dims = value.dims.map((dim, i) => (i < 2 ? dim : dim + before[i - 2]! + behind[i - 2]!));
  return {
    value: graph.record('Pad', [value, graph.integers([0, 0, ...before, 0, 0, ...behind])], dims),
    starts,
  };
}

/** The inputs that one tap reads for all outputs. */
function strided(
  graph: Graph,
  value: Value,
  starts: readonly number[],
  axes: readonly Axis[],
  taps: readonly number[],
): Value {
  const from = axes.map((axis, i) => starts[i]! + taps[i]! * axis.dilation);
  const to = axes.map((axis, i) => from[i]! + (axis.output - 1) * axis.stride + 1);
  const steps = axes.map((axis) => axis.stride);
  const dims = [...value.dims.slice(0, 2), ...axes.map((axis) => axis.output)];
  if (from.every((start) => start === 0) && dims.every((dim, i) => dim === value.dims[i])) return value;
  return graph.record(
    'Slice',
    [value, graph.integers(from), graph.integers(to), graph.integers([2, 3]), graph.integers(steps)],
    dims,
  );
}
