import { backend_util, Conv2DBackpropInput, type Conv2DBackpropInputAttrs } from '@tensorflow/tfjs-core';
import { geometry2d } from '../../geometry.js';
import { fromChannelsLast, toChannelsLast } from '../channelsLast.js';
import { convolveBack } from '../convolveBack.js';
import { composed } from './kernel.js';

type Shape4 = [number, number, number, number];

/** Gradient of a 2D convolution in its input, which is also the transposed convolution. NHWC or NCHW. */
export const conv2dBackpropInput = composed<'dy' | 'filter'>(
  Conv2DBackpropInput,
  ({ inputs: { dy, filter }, backend, attrs }) => {
    const { strides, pad, dataFormat, dimRoundingMode, inputShape } =
      attrs as unknown as Conv2DBackpropInputAttrs;
    const info = backend_util.computeConv2DInfo(
      inputShape,
      filter.shape as Shape4,
      strides,
      1,
      pad,
      dimRoundingMode,
      false,
      backend_util.convertConv2DDataFormat(dataFormat),
    );
    const upstream = toChannelsLast(backend, dy, dataFormat);
    const dx = backend.makeOutput([info.batchSize, info.inHeight, info.inWidth, info.inChannels], 'float32');
    convolveBack(backend, geometry2d(info), upstream, filter, dx);
    backend.disposeData(upstream.dataId);
    return fromChannelsLast(backend, dx, dataFormat);
  },
);
