import { backend_util, Conv2DBackpropFilter, type Conv2DBackpropFilterAttrs } from '@tensorflow/tfjs-core';
import { geometry2d } from '../../geometry.js';
import { toChannelsLast } from '../channelsLast.js';
import { correlate } from '../correlate.js';
import { composed } from './kernel.js';

type Shape4 = [number, number, number, number];

/** Gradient of a 2D convolution in its filter. NHWC or NCHW. */
export const conv2dBackpropFilter = composed<'x' | 'dy'>(
  Conv2DBackpropFilter,
  ({ inputs: { x, dy }, backend, attrs }) => {
    const { strides, pad, dataFormat, dimRoundingMode, filterShape } =
      attrs as unknown as Conv2DBackpropFilterAttrs;
    const info = backend_util.computeConv2DInfo(
      x.shape as Shape4,
      filterShape,
      strides,
      1,
      pad,
      dimRoundingMode,
      false,
      backend_util.convertConv2DDataFormat(dataFormat),
    );
    const image = toChannelsLast(backend, x, dataFormat);
    const upstream = toChannelsLast(backend, dy, dataFormat);
    const dw = backend.makeOutput(filterShape, 'float32');
    correlate(backend, geometry2d(info), image, upstream, dw);
    backend.disposeData(image.dataId);
    backend.disposeData(upstream.dataId);
    return dw;
  },
);
