import {
  backend_util,
  MaxPool3D,
  MaxPool3DGrad,
  type MaxPool3DGradAttrs,
  PadV2,
  Slice,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { around, type Compute, call, type KernelCall } from './kernelCall.js';

type Shape5 = [number, number, number, number, number];
type Three = [number, number, number];

/**
 * Gradient of max pooling in three dimensions. tfjs's shader computes the maximum's position as (frame * height + row) * height +
 * column where it should be (frame * height + row) * width + column, so it is wrong for windows of several frames that
 * are not as high as wide. Those are split in two: a maximum over positions, then one over frames, with windows for which
 * it is right. Of equal values the last one in the window receives the gradient.
 */
export const maxPool3dGrad = around(MaxPool3DGrad, (stock) => (given) => {
  const { filterSize, strides, pad, dimRoundingMode } = given.attrs as unknown as MaxPool3DGradAttrs;
  const { dy, input } = given.inputs as { dy: TensorInfo; input: TensorInfo };
  const [frames, height, width] = three(filterSize);
  if (frames === 1 || height === width) return stock(given);
  const shape = input.shape as Shape5;
  if (typeof pad === 'number' && pad > 0) {
    const { padInfo: room } = backend_util.computePool3DInfo(
      shape,
      filterSize,
      strides,
      1,
      pad,
      dimRoundingMode,
    );
    // 'valid' leaves out the same inputs at the end as the explicit padding did.
    const sides = [[room.front, room.back], [room.top, room.bottom], [room.left, room.right]]; // biome-ignore format: axis by axis
    const paddings = [[0, 0], ...sides, [0, 0]];
    const begin = [0, room.front, room.top, room.left, 0];
    const padded = call(PadV2, given, { x: input }, { paddings: paddings as never, constantValue: LEAST });
    const dPadded = inTwo(stock, given, dy, padded, 'valid');
    const dx = call(Slice, given, { x: dPadded }, { begin, size: shape });
    for (const { dataId } of [padded, dPadded]) given.backend.disposeData(dataId);
    return dx;
  }
  return inTwo(stock, given, dy, input, pad);
});

/** Below any finite value of a network; the smallest float32 is not exact in WGSL's decimal numbers. */
const LEAST = -3e38;

const three = (sizes: number | Three): Three => (typeof sizes === 'number' ? [sizes, sizes, sizes] : sizes);

function inTwo(
  stock: Compute,
  given: KernelCall,
  dy: TensorInfo,
  x: TensorInfo,
  pad: MaxPool3DGradAttrs['pad'],
): TensorInfo {
  const attrs = given.attrs as unknown as MaxPool3DGradAttrs;
  const [frames, height, width] = three(attrs.filterSize);
  const [everyFrame, everyRow, everyColumn] = three(attrs.strides);
  const step = (filterSize: Three, strides: Three) =>
    ({ filterSize, strides, pad, dimRoundingMode: attrs.dimRoundingMode }) as unknown as KernelCall['attrs'];
  const overPlaces = step([1, height, width], [1, everyRow, everyColumn]);
  const overFrames = step([frames, 1, 1], [everyFrame, 1, 1]);
  const ofPlaces = call(MaxPool3D, given, { x }, overPlaces);
  const dPlaces = stock({ ...given, inputs: { dy, input: ofPlaces, output: ofPlaces }, attrs: overFrames });
  const dx = stock({ ...given, inputs: { dy: dPlaces, input: x, output: ofPlaces }, attrs: overPlaces });
  for (const { dataId } of [ofPlaces, dPlaces]) given.backend.disposeData(dataId);
  return dx;
}
