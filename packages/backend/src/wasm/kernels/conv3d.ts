import { backend_util, Conv3D, type Conv3DAttrs } from '@tensorflow/tfjs-core';
import { geometry3d } from '../../geometry.js';
import { convolve } from '../convolve.js';
import { composed } from './kernel.js';

type Shape5 = [number, number, number, number, number];

/** 3D convolution, NDHWC. */
export const conv3d = composed<'x' | 'filter'>(Conv3D, ({ inputs: { x, filter }, backend, attrs }) => {
  const { strides, pad, dilations } = attrs as unknown as Conv3DAttrs;
  const info = backend_util.computeConv3DInfo(
    x.shape as Shape5,
    filter.shape as Shape5,
    strides,
    dilations,
    pad,
  );
  const out = backend.makeOutput(info.outShape, 'float32');
  convolve(backend, geometry3d(info), x, filter, out);
  return out;
});
