import { backend_util, Maximum, Minimum, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { ComposedKernel, Compute } from './kernel.js';

/**
 * The greater or the lesser of two tensors. tfjs's loop calls a function and works out broadcast places for each
 * element, at some 50 ns; attacks do it several times a step, to stay in a ball. Here it is one plain loop for equal
 * shapes, a scalar, or a value for each row; other shapes go to the stock kernel.
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
  (greater: boolean, width: number): Compute<string> =>
  ({ inputs, backend }) => {
    const a = inputs['a']!;
    const b = inputs['b']!;
    const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const out = backend.makeOutput(shape, 'float32');
    const left = backend.typedArrayFromHeap(a);
    const right = backend.typedArrayFromHeap(b);
    const [many, few] = left.length >= right.length ? [left, right] : [right, left];
    // Where both are as large, each element is a row of its own.
    const repeat = many.length === few.length ? 1 : width;
    (greater ? greatest : least)(many, few, repeat, backend.typedArrayFromHeap(out));
    return out;
  };

type Values = ArrayLike<number>;

// Two loops, not one that is handed a function: that call would be most of their time.
function greatest(many: Values, few: Values, repeat: number, out: { [i: number]: number; length: number }) {
  for (let row = 0, i = 0; i < out.length; row++) {
    const y = few[row]!;
    for (const end = i + repeat; i < end; i++) {
      const x = many[i]!;
      out[i] = x > y || Number.isNaN(x) ? x : y;
    }
  }
}

function least(many: Values, few: Values, repeat: number, out: { [i: number]: number; length: number }) {
  for (let row = 0, i = 0; i < out.length; row++) {
    const y = few[row]!;
    for (const end = i + repeat; i < end; i++) {
      const x = many[i]!;
      out[i] = x < y || Number.isNaN(x) ? x : y;
    }
  }
}

/** The greater of two tensors; NaN where either is. */
export const maximum = extremum(Maximum, true);

/** The lesser of two tensors; NaN where either is. */
export const minimum = extremum(Minimum, false);
