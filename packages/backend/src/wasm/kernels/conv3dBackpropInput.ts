import { backend_util, Conv3DBackpropInputV2, type Conv3DBackpropInputV2Attrs } from '@tensorflow/tfjs-core';
import { geometry3d } from '../../geometry.js';
import { convolveBack } from '../convolveBack.js';
import { composed } from './kernel.js';

type Shape5 = [number, number, number, number, number];

/** Gradient of a 3D convolution in its input. */
export const conv3dBackpropInput = composed<'dy' | 'filter'>(
  Conv3DBackpropInputV2,
  ({ inputs: { dy, filter }, backend, attrs }) => {
    const { strides, pad, inputShape } = attrs as unknown as Conv3DBackpropInputV2Attrs;
    const info = backend_util.computeConv3DInfo(inputShape, filter.shape as Shape5, strides, 1, pad);
    const dx = backend.makeOutput(inputShape, 'float32');
    convolveBack(backend, geometry3d(info), dy, filter, dx);
    return dx;
  },
);
