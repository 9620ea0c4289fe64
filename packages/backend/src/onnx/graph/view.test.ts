import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { onnxBinding, withoutOnnx } from '../useOnnx.fixture.js';
import { Graph } from './graph.js';
import { Runtime } from './runtime.js';
import { toLayout, toRowMajor, viewOf } from './toLayout.js';
import { Value } from './value.js';
import {
  fitted,
  inOrder,
  isRowMajor,
  type Layout,
  refine,
  refinement,
  sameLayout,
  simplified,
} from './view.js';

if (!onnxBinding) withoutOnnx('Moves between layouts');

const sizeOf = (dims: readonly number[]) => dims.reduce((product, dim) => product * dim, 1);

/** The position in memory of each element of the tensor, in the tensor's order. */
function places({ dims, order }: Layout): number[] {
  const strides = dims.map((_, axis) => sizeOf(dims.slice(axis + 1)));
  const walk = ([axis, ...rest]: readonly number[], at: number): number[] =>
    axis === undefined
      ? [at]
      : Array.from({ length: dims[axis]! }, (_, i) => walk(rest, at + i * strides[axis]!)).flat();
  return walk(order, 0);
}

/** The ways to write 48 as a product of a few numbers, some of them 1. */
const factors = fc.constantFrom(
  [48],
  [6, 8],
  [8, 6],
  [2, 3, 8],
  [2, 24],
  [3, 2, 8],
  [4, 1, 12],
  [1, 2, 3, 1, 8],
  [2, 2, 3, 2, 2],
  [16, 3],
);
const layout = fc
  .tuple(factors, fc.array(fc.nat(), { minLength: 5, maxLength: 5 }))
  .map(([dims, draws]): Layout => {
    const left = dims.map((_, axis) => axis);
    return { dims, order: dims.map((_, i) => left.splice(draws[i]! % left.length, 1)[0]!) };
  });

test('a simplified layout puts each element at the same position', () =>
  fc.assert(
    fc.property(layout, (one) => {
      const simple = simplified(one);
      expect(places(simple)).toEqual(places(one));
      expect(simple.dims).not.toContain(1);
      expect(isRowMajor(one)).toBe(places(one).every((place, i) => place === i));
    }),
  ));

test('layouts are the same when they put each element at the same position', () =>
  fc.assert(
    fc.property(layout, layout, (a, b) => {
      expect(sameLayout(a, b)).toBe(places(a).join() === places(b).join());
    }),
  ));

test('a refinement refines both, and refining moves nothing', () =>
  fc.assert(
    fc.property(layout, factors, (one, other) => {
      const fine = refinement(inOrder(one), other);
      fc.pre(fine !== undefined);
      expect(places(refine(one, fine!))).toEqual(places(one));
      const ends = (dims: readonly number[]) => dims.map((_, i) => sizeOf(dims.slice(0, i + 1)));
      expect(ends(fine!)).toEqual(expect.arrayContaining(ends(other).filter((end) => end > 1)));
    }),
  ));

test.each([
  [[6, 4], [3, 8], [3, 2, 4]],
  [[], [1, 1], []],
  [[4], [2, 2], [2, 2]],
  [[1, 5], [5], [5]],
  [[2, 3], [3, 2], undefined],
])('%j and %j are refined by %j', (a, b, expected) => expect(refinement(a, b)).toEqual(expected)); // biome-ignore format: pairs

test('a layout refined by a shape gives the dimensions of each axis', () =>
  fc.assert(
    fc.property(layout, factors, (one, shape) => {
      const own = fitted(one, shape);
      fc.pre(own !== undefined);
      expect(places(own!)).toEqual(places(one));
      expect(own!.axes.map((axes) => sizeOf(axes.map((axis) => own!.dims[axis]!)))).toEqual(shape);
      expect(own!.axes.flat()).toEqual(own!.order.filter((axis) => own!.dims[axis] !== 1));
    }),
  ));

describe.skipIf(!onnxBinding)('moves', () => {
  test('from any layout to any other put each element at its position', () => {
    const graph = new Graph(new Runtime(onnxBinding!, 1));
    fc.assert(
      fc.property(layout, layout, (from, to) => {
        const data = new Float32Array(48);
        for (const [i, place] of places(from).entries()) data[place] = i;
        const view = viewOf(new Value('float32', [48], data), from);
        const wanted = new Float32Array(48);
        for (const [i, place] of places(to).entries()) wanted[place] = i;
        const [there, rows] = [toLayout(graph, view, to), toRowMajor(graph, view, [48])];
        graph.run([there, rows]);
        expect(there.dims).toEqual(to.dims);
        expect([...there.data!]).toEqual([...wanted]);
        expect([...rows.data!]).toEqual(Array.from(wanted, (_, i) => i));
      }),
    );
    graph.dispose();
  });
});
