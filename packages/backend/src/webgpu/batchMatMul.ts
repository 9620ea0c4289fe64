import { BatchMatMul, broadcast_util, Reshape, type TensorInfo, Tile, util } from '@tensorflow/tfjs-core';
import { around, call, type KernelCall, viewed } from './kernelCall.js';

/** Matrix products whose two sides both repeat over batch axes, which tfjs's kernel refuses: the sides are repeated first. */
export const batchMatMul = around(BatchMatMul, (stock) => (given) => {
  const { a, b } = given.inputs as { a: TensorInfo; b: TensorInfo };
  const [ofA, ofB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const outer = broadcast_util.assertAndGetBroadcastShape(ofA, ofB);
  const count = util.sizeFromShape(outer);
  // Its shader supports the same number of matrices on both sides, or a single one on one side.
  const repeats = (own: number[]) => util.sizeFromShape(own) !== count && util.sizeFromShape(own) !== 1;
  if (count === 0 || !(repeats(ofA) || repeats(ofB))) return stock(given);
  const [left, right] = [repeated(given, a, outer), repeated(given, b, outer)];
  const product = stock({ ...given, inputs: { a: left, b: right } });
  for (const side of [left, right]) given.backend.disposeData(side.dataId);
  return product;
});

/** A copy of a side with all of the batch axes, to be disposed of. */
function repeated(given: KernelCall, x: TensorInfo, outer: number[]): TensorInfo {
  const own = [...Array<number>(outer.length + 2 - x.shape.length).fill(1), ...x.shape];
  const reps = own.map((size, axis) => (axis < outer.length && size === 1 ? outer[axis]! : 1));
  return reps.every((times) => times === 1)
    ? call(Reshape, given, { x }, { shape: own })
    : call(Tile, given, { x: viewed(x, own) }, { reps });
}
