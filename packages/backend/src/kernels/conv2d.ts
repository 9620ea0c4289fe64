import { backend_util, Conv2D, type Conv2DAttrs } from '@tensorflow/tfjs-core';
import { fromChannelsLast, toChannelsLast } from '../wasm/channelsLast.js';
import { convolve } from '../wasm/convolve.js';
import { geometry2d } from '../wasm/geometry.js';
import { composed } from './kernel.js';

type Shape4 = [number, number, number, number];

/** 2D convolution, NHWC or NCHW. */
export const conv2d = composed<'x' | 'filter'>(Conv2D, ({ inputs: { x, filter }, backend, attrs }) => {
  const { strides, pad, dilations, dataFormat, dimRoundingMode } = attrs as unknown as Conv2DAttrs;
  const info = backend_util.computeConv2DInfo(
    x.shape as Shape4,
    filter.shape as Shape4,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    false,
    backend_util.convertConv2DDataFormat(dataFormat),
  );
  const image = toChannelsLast(backend, x, dataFormat);
  const out = backend.makeOutput(
    [info.batchSize, info.outHeight, info.outWidth, info.outChannels],
    'float32',
  );
  convolve(backend, geometry2d(info), image, filter, out);
  backend.disposeData(image.dataId);
  return fromChannelsLast(backend, out, dataFormat);
});
