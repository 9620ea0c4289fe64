import { type DataType, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { cast } from '../graph/cast.js';
import type { ElementType } from '../graph/proto.js';
import { rowMajorView, toRowMajor, viewOf } from '../graph/toLayout.js';
import { Value } from '../graph/value.js';
import { rowMajor } from '../graph/view.js';
import type { Lowering, Lowerings } from '../lowering.js';
import { resized, withAxes } from './shapes.js';

/** Largest size at which rows are chosen by a product with a matrix of ones and zeros. */
const SMALL_PRODUCT = 2 ** 16;

/** 0, 1, 2, ... */
const counting = (count: number, dims: readonly number[]) =>
  new Value(
    'int32',
    dims,
    Int32Array.from({ length: count }, (_, i) => i),
  );

const gather: Lowering = ({ inputs, attrs, backend }) => {
  const { x, indices } = inputs as { x: TensorInfo; indices: TensorInfo };
  const { axis: named, batchDims } = attrs as { axis: number; batchDims?: number };
  const [axis] = util.parseAxisParam(named, x.shape) as [number];
  // The indices must be known, since those out of range are an error of tfjs's kernel.
  if (batchDims || backend.isPending(indices) || indices.dtype !== 'int32') return undefined;
  const places = backend.readSync(indices.dataId) as Int32Array;
  const length = x.shape[axis]!;
  if (places.length === 0 || util.sizeFromShape(x.shape) === 0) return undefined;
  if (places.some((place) => place < 0 || place >= length)) return undefined;
  const { graph } = backend;
  const { value, layout } = withAxes(graph, backend.view(x), x.shape, [axis]);
  const result = resized(layout, [axis], [places.length]);
  const at = graph.reshaped(backend.view(indices).value, [places.length]);
  const picked = graph.record('Gather', [value, at], result.dims, {
    attributes: { axis: layout.axes[axis]![0]! },
  });
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return backend.tensor(shape, x.dtype, viewOf(picked, result));
};

const oneHot: Lowering = ({ inputs: { indices }, attrs, backend }) => {
  const { depth, onValue, offValue, dtype } = attrs as {
    depth: number;
    onValue: number;
    offValue: number;
    dtype: DataType;
  };
  const count = util.sizeFromShape(indices!.shape);
  if (indices!.dtype !== 'int32' || count === 0 || depth === 0) return undefined;
  if (dtype !== 'float32' && dtype !== 'int32') return undefined;
  const { graph } = backend;
  const column = toRowMajor(graph, backend.view(indices!), [count, 1]);
  const same = graph.record('Equal', [column, counting(depth, [1, depth])], [count, depth], { type: 'bool' });
  const values = [onValue, offValue].map((value) => graph.number(value, dtype));
  const result = graph.record('Where', [same, ...values], [count, depth], { type: dtype });
  return backend.tensor([...indices!.shape, depth], dtype, viewOf(result, rowMajor(result.size)));
};

/** Sums of rows by segment, as a product with ones where a row is of a segment. */
const segmentSum: Lowering = ({ inputs, attrs, backend }) => {
  const { x, segmentIds } = inputs as { x: TensorInfo; segmentIds: TensorInfo };
  const segments = attrs['numSegments'] as number;
  const [count] = segmentIds.shape;
  if (x.dtype !== 'float32' || segmentIds.dtype !== 'int32' || segmentIds.shape.length !== 1)
    return undefined;
  if (util.sizeFromShape(x.shape) === 0 || segments * count! > SMALL_PRODUCT || segments === 0)
    return undefined;
  const { graph } = backend;
  const own = util.sizeFromShape(x.shape) / count!;
  const row = toRowMajor(graph, backend.view(segmentIds), [1, count!]);
  const dims = [segments, count!];
  const same = graph.record('Equal', [counting(segments, [segments, 1]), row], dims, { type: 'bool' });
  const ones = cast(graph, same, 'float32');
  const rows = toRowMajor(graph, backend.view(x), [count!, own]);
  const sums = graph.record('MatMul', [ones, rows], [segments, own]);
  return backend.tensor([segments, ...x.shape.slice(1)], 'float32', viewOf(sums, rowMajor(sums.size)));
};

const topK: Lowering = ({ inputs: { x }, attrs, backend }) => {
  const k = attrs['k'] as number;
  const rank = x!.shape.length;
  if (x!.dtype !== 'float32' || k === 0 || util.sizeFromShape(x!.shape) === 0) return undefined;
  const { graph } = backend;
  const shape = [...x!.shape.slice(0, -1), k];
  const outputs: { dims: readonly number[]; type: ElementType }[] = [
    { dims: shape, type: 'float32' },
    { dims: shape, type: 'int64' },
  ];
  // Of equal values the first counts as the greater, here as there.
  const [values, places] = graph.recordAll(
    'TopK',
    [toRowMajor(graph, backend.view(x!), x!.shape), graph.integers([k])],
    outputs,
    { attributes: { axis: rank - 1, largest: 1, sorted: 1 } },
  );
  const indices = cast(graph, places!, 'int32');
  return [
    backend.tensor(shape, 'float32', rowMajorView(values!)),
    backend.tensor(shape, 'int32', rowMajorView(indices)),
  ];
};

/** Kernels that choose by whole numbers. */
export const choices: Lowerings = {
  GatherV2: gather,
  OneHot: oneHot,
  UnsortedSegmentSum: segmentSum,
  TopK: topK,
};
