import { backend_util, Maximum, Minimum, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { ComposedKernel, Compute } from './kernel.js';

type Pick = (a: number, b: number) => number;

/**
 * The greater or the lesser of two tensors. tfjs's loop calls a function and works out broadcast places for each
 * element, at some 50 ns; attacks do it several times a step, to stay in a ball. Here it is one plain loop for equal
 * shapes, a scalar, or a value for each row; other shapes go to the stock kernel.
 */
const extremum = (kernelName: string, pick: Pick): ComposedKernel => ({
  kernelName,
  compose: (stock) => (call) => {
    const a = call.inputs['a']!;
    const b = call.inputs['b']!;
    const width = repeatOf(a, b) ?? repeatOf(b, a);
    const floats = a.dtype === 'float32' && b.dtype === 'float32';
    return width === undefined || !floats ? stock!(call) : plain(pick, width)(call);
  },
});

/** How many neighbouring elements of `big` meet the same one of `small`; undefined where it isn't a plain repetition. */
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
  (pick: Pick, width: number): Compute<string> =>
  ({ inputs, backend }) => {
    const a = inputs['a']!;
    const b = inputs['b']!;
    const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const out = backend.makeOutput(shape, 'float32');
    const length = util.sizeFromShape(shape);
    const left = backend.typedArrayFromHeap(a);
    const right = backend.typedArrayFromHeap(b);
    const target = backend.typedArrayFromHeap(out);
    if (left.length === right.length) {
      for (let i = 0; i < length; i++) target[i] = pick(left[i]!, right[i]!);
    } else {
      const [many, few] = left.length > right.length ? [left, right] : [right, left];
      for (let row = 0, i = 0; i < length; row++) {
        const value = few[row]!;
        for (const end = i + width; i < end; i++) target[i] = pick(many[i]!, value);
      }
    }
    return out;
  };

/** The greater of two tensors; NaN where either is. */
export const maximum = extremum(Maximum, Math.max);

/** The lesser of two tensors; NaN where either is. */
export const minimum = extremum(Minimum, Math.min);
