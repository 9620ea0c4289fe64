import type { Value } from './value.js';

/**
 * How a tensor's elements are stored. In memory they are an array of dimensions `dims`. These dimensions, taken in `order`,
 * give the tensor's elements in row-major order, as tfjs counts them. A matrix of
 * [rows, columns] that is kept transposed has dims [columns, rows] and order [1, 0]; the blocks of channels of
 * [batch, height, width, channels] that fast convolutions need have dims [batch, channels / 8, height, width, 8] and
 * order [0, 2, 3, 1, 4]. A layout doesn't depend on the tensor's shape: a reshaped tensor keeps its layout.
 */
export interface Layout {
  readonly dims: readonly number[];
  readonly order: readonly number[];
}

/** The layout of tfjs: row-major. */
export const rowMajor = (size: number): Layout => ({ dims: [size], order: [0] });

/** The dimensions as they come in the tensor's order. */
export const inOrder = ({ dims, order }: Layout) => order.map((axis) => dims[axis]!);

/** Whether the elements are stored in the tensor's order. */
export const isRowMajor = (layout: Layout) => simplified(layout).dims.length <= 1;

/** Whether two layouts put every element in the same place. */
export function sameLayout(a: Layout, b: Layout): boolean {
  const [x, y] = [simplified(a), simplified(b)];
  return x.dims.join() === y.dims.join() && x.order.join() === y.order.join();
}

/** The same layout in as few dimensions as possible: without those of 1, and with those merged that stay neighbours. */
export function simplified({ dims, order }: Layout): Layout {
  const groups: number[][] = [];
  for (const axis of order) {
    if (dims[axis] === 1) continue;
    const last = groups.at(-1);
    const next = last ? nextAxis(dims, last.at(-1)!) : -1;
    if (next === axis) last!.push(axis);
    else groups.push([axis]);
  }
  const inMemory = [...groups].sort((a, b) => a[0]! - b[0]!);
  return {
    dims: inMemory.map((axes) => axes.reduce((product, axis) => product * dims[axis]!, 1)),
    order: groups.map((axes) => inMemory.indexOf(axes)),
  };
}

/** The next axis in memory that is not of size 1. */
function nextAxis(dims: readonly number[], axis: number): number {
  for (let next = axis + 1; next < dims.length; next++) if (dims[next] !== 1) return next;
  return -1;
}

/**
 * The coarsest common refinement of two ways to write a number as a product, which both say how a row-major array is
 * cut into axes: [6, 4] and [3, 8] give [3, 2, 4]. Undefined where neither refines the other. Ones are left out.
 */
export function refinement(a: readonly number[], b: readonly number[]): number[] | undefined {
  const refined: number[] = [];
  const [x, y] = [a.filter((dim) => dim !== 1), b.filter((dim) => dim !== 1)];
  let [left, right] = [x.pop() ?? 1, y.pop() ?? 1];
  while (left > 1 || right > 1) {
    const [small, large] = left < right ? [left, right] : [right, left];
    if (small <= 1 || large % small !== 0) return undefined;
    refined.unshift(small);
    left /= small;
    right /= small;
    if (left === 1) left = x.pop() ?? 1;
    if (right === 1) right = y.pop() ?? 1;
  }
  return refined;
}

/** A layout cut finer: `factors` must refine its dimensions in the tensor's order. */
export function refine(layout: Layout, factors: readonly number[]): Layout {
  const { dims, order } = layout;
  const pieces: number[][] = dims.map(() => []);
  let at = 0;
  for (const axis of order) {
    let rest = dims[axis]!;
    while (rest > 1) {
      const factor = factors[at++]!;
      pieces[axis]!.push(factor);
      rest /= factor;
    }
  }
  const starts: number[] = [];
  let count = 0;
  for (const piece of pieces) {
    starts.push(count);
    count += piece.length;
  }
  return {
    dims: pieces.flat(),
    order: order.flatMap((axis) => pieces[axis]!.map((_, i) => starts[axis]! + i)),
  };
}

/** A layout cut along the axes of a shape. */
export interface Fitted extends Layout {
  /** For each axis of the shape, the dimensions in memory that make it up, outermost first. None for an axis of 1. */
  readonly axes: readonly (readonly number[])[];
}

/** Cuts a layout so that each of its dimensions belongs to one axis of the tensor. Undefined where a dimension spans several axes. */
export function fitted(layout: Layout, shape: readonly number[]): Fitted | undefined {
  const factors = refinement(inOrder(layout), shape);
  if (!factors) return undefined;
  const fine = refine(layout, factors);
  let at = 0;
  const axes = shape.map((size) => {
    const own: number[] = [];
    let rest = size;
    while (rest > 1) {
      own.push(fine.order[at]!);
      rest /= fine.dims[fine.order[at]!]!;
      at++;
    }
    return own;
  });
  return { ...fine, axes };
}

/** A layout without some of the dimensions in memory, as after a sum over them. */
export function without(layout: Layout, removed: readonly number[]): Layout {
  const kept = layout.dims.map((_, axis) => axis).filter((axis) => !removed.includes(axis));
  return {
    dims: kept.map((axis) => layout.dims[axis]!),
    order: layout.order.filter((axis) => kept.includes(axis)).map((axis) => kept.indexOf(axis)),
  };
}

/** The permutation that takes an array in layout `from` to layout `to`, cut to the same factors. */
export function permutation(from: Layout, to: Layout): number[] {
  const place = new Map(to.order.map((axis, i) => [axis, i]));
  return to.dims.map((_, axis) => from.order[place.get(axis)!]!);
}

/** A tensor of the graph: a value, and the layout of the tensor's elements in it. */
export interface View extends Layout {
  readonly value: Value;
}
