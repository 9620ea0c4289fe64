import {
  backend_util,
  Conv3DBackpropFilterV2,
  type Conv3DBackpropFilterV2Attrs,
} from '@tensorflow/tfjs-core';
import { geometry3d } from '../../geometry.js';
import { correlate } from '../correlate.js';
import { composed } from './kernel.js';

type Shape5 = [number, number, number, number, number];

/** Gradient of a 3D convolution in its filter. */
export const conv3dBackpropFilter = composed<'x' | 'dy'>(
  Conv3DBackpropFilterV2,
  ({ inputs: { x, dy }, backend, attrs }) => {
    const { strides, pad, filterShape } = attrs as unknown as Conv3DBackpropFilterV2Attrs;
    const info = backend_util.computeConv3DInfo(x.shape as Shape5, filterShape, strides, 1, pad);
    const dw = backend.makeOutput(filterShape, 'float32');
    correlate(backend, geometry3d(info), x, dy, dw);
    return dw;
  },
);
