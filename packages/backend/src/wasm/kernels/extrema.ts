import { backend_util, Maximum, Minimum, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { floats, wordOf } from '../heap.js';
import type { ComposedKernel, Compute } from './kernel.js';

/**
 * The maximum or minimum of two tensors. tfjs's loop calls a function and computes broadcast positions for each element, at
 * some 50 ns. Attacks need it several times a step, to stay in a ball. Here it is one plain loop for equal shapes, a scalar,
 * or a value for each row. Other shapes go to tfjs's kernel.
 */
const extremum = (kernelName: string, greater: boolean): ComposedKernel => ({
  kernelName,
  compose: (stock) => (call) => {
    const a = call.inputs['a']!;
    const b = call.inputs['b']!;
    const width = repeatOf(a, b) ?? repeatOf(b, a);
    const floats = a.dtype === 'float32' && b.dtype === 'float32';
    return width === undefined || !floats ? stock!(call) : plain(greater, width)(call);
  },
});

/** Number of neighbouring elements of `big` that share one element of `small`; undefined where it isn't a plain repetition. */
function repeatOf(big: TensorInfo, small: TensorInfo): number | undefined {
  const size = util.sizeFromShape(big.shape);
  const other = util.sizeFromShape(small.shape);
  if (small.shape.length > big.shape.length || other === 0) return undefined;
  if (other === 1) return size;
  const padded = [...Array<number>(big.shape.length - small.shape.length).fill(1), ...small.shape];
  const trailing = padded.length - padded.findLastIndex((axis) => axis !== 1) - 1;
  const leading = padded.length - trailing;
  if (padded.some((axis, i) => i < leading && axis !== big.shape[i])) return undefined;
  return size / other;
}

const plain =
  (greater: boolean, width: number): Compute<string> =>
  ({ inputs, backend }) => {
    const a = inputs['a']!;
    const b = inputs['b']!;
    const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const out = backend.makeOutput(shape, 'float32');
    const [sizeA, sizeB] = [util.sizeFromShape(a.shape), util.sizeFromShape(b.shape)];
    const [many, few] = sizeA >= sizeB ? [a, b] : [b, a];
    // Tensors of equal size are one row, along which both are read.
    const [repeat, step] = sizeA === sizeB ? [sizeA, 1] : [width, 0];
    const [x, y, z] = [wordOf(backend, many), wordOf(backend, few), wordOf(backend, out)];
    outermost(floats(backend), greater ? 1 : -1, x, y, z, Math.max(sizeA, sizeB), repeat, step);
    return out;
  };

/**
 * heap[z..] = for each of `size` elements of x the maximum of it and its y (the minimum for sign -1). Within `repeat`
 * elements y advances by `step`; after them comes the next y. A mask chooses the bits: an unpredictable branch would cost
 * more than everything else.
 */
function outermost(
  heap: Float32Array,
  sign: 1 | -1,
  x: number,
  y: number,
  z: number,
  size: number,
  repeat: number,
  step: number,
): void {
  const bits = new Int32Array(heap.buffer);
  for (let i = 0, first = y; i < size; first++) {
    for (let end = i + repeat, j = first; i < end; i++, j += step) {
      const value = sign * heap[x + i]!;
      const mask = -(Number(value > sign * heap[j]!) | Number(Number.isNaN(value)));
      bits[z + i] = bits[j]! ^ ((bits[x + i]! ^ bits[j]!) & mask);
    }
  }
}

/** The maximum of two tensors; NaN where either is. */
export const maximum = extremum(Maximum, true);

/** The minimum of two tensors; NaN where either is. */
export const minimum = extremum(Minimum, false);
