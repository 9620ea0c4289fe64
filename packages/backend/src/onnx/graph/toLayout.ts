import type { Graph } from './graph.js';
import type { Value } from './value.js';
import {
  inOrder,
  isRowMajor,
  type Layout,
  permutation,
  refine,
  refinement,
  rowMajor,
  sameLayout,
  type View,
} from './view.js';

/** The domain of ONNX Runtime's convolutions on blocks of channels. */
export const BLOCKED = 'com.microsoft.nchwc';

/** A value seen in a layout. */
export const viewOf = (value: Value, { dims, order }: Layout): View => ({ value, dims, order });

/** A row-major value as a tensor. */
export const rowMajorView = (value: Value): View => viewOf(value, rowMajor(value.size));

/** The elements in row-major order, as an array of these dimensions. */
export function toRowMajor(graph: Graph, view: View, dims: readonly number[]): Value {
  const { value } = view;
  return isRowMajor(view)
    ? graph.reshaped(value, dims)
    : graph.reshaped(toLayout(graph, view, rowMajor(value.size)), dims);
}

/** The elements in another layout, in its dimensions. Nothing moves where the layout is the same. */
export function toLayout(graph: Graph, view: View, target: Layout): Value {
  if (sameLayout(view, target)) return graph.reshaped(view.value, target.dims);
  const factors = refinement(inOrder(view), inOrder(target));
  if (!factors) return toLayout(graph, rowMajorView(toRowMajor(graph, view, [view.value.size])), target);
  const [from, to] = [refine(view, factors), refine(target, factors)];
  return graph.reshaped(transposed(graph, view.value, from.dims, permutation(from, to)), target.dims);
}

/** An array seen in some dimensions with these permuted. Dimensions that stay together count as one. */
export function transposed(
  graph: Graph,
  value: Value,
  dims: readonly number[],
  order: readonly number[],
): Value {
  const runs: number[][] = [];
  for (const axis of order.filter((axis) => dims[axis] !== 1)) {
    const last = runs.at(-1)?.at(-1);
    if (last !== undefined && axis > last && dims.slice(last + 1, axis).every((dim) => dim === 1)) {
      runs.at(-1)!.push(axis);
    } else runs.push([axis]);
  }
  const sorted = [...runs].sort((a, b) => a[0]! - b[0]!);
  const sizes = sorted.map((axes) => axes.reduce((product, axis) => product * dims[axis]!, 1));
  const perm = runs.map((axes) => sorted.indexOf(axes));
  const moved =
    perm.length <= 1
      ? value
      : (inBlocks(graph, value, sizes, perm) ??
        graph.record(
          'Transpose',
          [graph.reshaped(value, sizes)],
          perm.map((axis) => sizes[axis]!),
          { attributes: { perm } },
        ));
  return graph.reshaped(
    moved,
    order.map((axis) => dims[axis]!),
  );
}

/**
 * ONNX Runtime's own operation for leaving blocks of channels, [images, channels / block, pixels, block] to [images, pixels,
 * channels], for any transposition of this kind: it is faster than a general one.
 */
function inBlocks(
  graph: Graph,
  value: Value,
  sizes: readonly number[],
  perm: readonly number[],
): Value | undefined {
  if (block === 0 || sizes.at(-1) !== block || value.type !== 'float32') return undefined;
  const form = perm.join();
  if (form !== '0,2,1,3' && form !== '1,0,2') return undefined;
  const [images, groups, pixels] = form === '1,0,2' ? [1, ...sizes] : sizes;
  const channels = groups! * block;
  return graph.record(
    'ReorderOutput',
    [graph.reshaped(value, [images!, channels, pixels!, 1])],
    [images!, pixels!, 1, channels],
    { attributes: { channels, channels_last: 1 }, domain: BLOCKED },
  );
}

/** The size of a block of channels on this machine, once it is known. */
let block = 0;

/** Sets the number of channels in ONNX Runtime's blocks; 0 where it has no blocks. */
export function useBlocks(size: number): void {
  block = size;
}
