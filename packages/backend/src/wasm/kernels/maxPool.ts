import {
  backend_util,
  MaxPool3D,
  type MaxPool3DAttrs,
  MaxPool3DGrad,
  type MaxPool3DGradAttrs,
  MaxPoolGrad,
  type MaxPoolGradAttrs,
} from '@tensorflow/tfjs-core';
import { geometry2d, geometry3d } from '../../geometry.js';
import { floats, wordOf } from '../heap.js';
import { maxPool, maxPoolBack } from '../maxPool.js';
import { composed } from './kernel.js';

type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];

// tfjs's kernels search for the maximum from 1e-38 up: the maximum of negative values is lost, and with it their
// gradient.

/** Max pooling in three dimensions, NDHWC. */
export const maxPool3d = composed<'x'>(MaxPool3D, ({ inputs: { x }, backend, attrs }) => {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as MaxPool3DAttrs;
  const shape = x.shape as Shape5;
  const info = backend_util.computePool3DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  const out = backend.makeOutput(info.outShape, 'float32');
  maxPool(floats(backend), geometry3d(info), wordOf(backend, x), wordOf(backend, out));
  return out;
});

/** Gradient of max pooling in three dimensions. Of equal values the last one in the window receives it, as on the cpu backend. */
export const maxPool3dGrad = composed<'dy' | 'input'>(
  MaxPool3DGrad,
  ({ inputs: { dy, input }, backend, attrs }) => {
    const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as MaxPool3DGradAttrs;
    const shape = input.shape as Shape5;
    const info = backend_util.computePool3DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
    const dx = backend.makeOutput(shape, 'float32');
    backend.typedArrayFromHeap(dx).fill(0);
    const [image, upstream, target] = [wordOf(backend, input), wordOf(backend, dy), wordOf(backend, dx)];
    maxPoolBack(floats(backend), geometry3d(info), image, upstream, target, 'last');
    return dx;
  },
);

/** Gradient of max pooling in two dimensions. Of equal values the first one in the window receives it, as on the cpu backend. */
export const maxPoolGrad = composed<'dy' | 'input'>(
  MaxPoolGrad,
  ({ inputs: { dy, input }, backend, attrs }) => {
    const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as MaxPoolGradAttrs;
    const shape = input.shape as Shape4;
    const info = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
    const dx = backend.makeOutput(shape, 'float32');
    backend.typedArrayFromHeap(dx).fill(0);
    const [image, upstream, target] = [wordOf(backend, input), wordOf(backend, dy), wordOf(backend, dx)];
    maxPoolBack(floats(backend), geometry2d(info), image, upstream, target, 'first');
    return dx;
  },
);
