import {
  backend_util,
  DepthwiseConv2dNativeBackpropFilter,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
} from '@tensorflow/tfjs-core';
import { floats, wordOf } from '../heap.js';
import { composed } from './kernel.js';

type Shape4 = [number, number, number, number];

/**
 * Gradient of a depthwise 2D convolution in its filter. It is no matrix product, since each channel is
 * separate: plain loops along the channels, with sums in double precision.
 */
export const depthwiseConv2dBackpropFilter = composed<'x' | 'dy'>(
  DepthwiseConv2dNativeBackpropFilter,
  ({ inputs: { x, dy }, backend, attrs }) => {
    const { strides, dilations, pad, dimRoundingMode, filterShape } =
      attrs as unknown as DepthwiseConv2dNativeBackpropFilterAttrs;
    const info = backend_util.computeConv2DInfo(
      x.shape as Shape4,
      filterShape,
      strides,
      dilations,
      pad,
      dimRoundingMode,
      true,
    );
    const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = info;
    const multiplier = outChannels / inChannels;
    const dw = backend.makeOutput(filterShape, 'float32');
    const heap = floats(backend);
    const image = wordOf(backend, x);
    const output = wordOf(backend, dy);
    const sums = new Float64Array(info.filterHeight * info.filterWidth * outChannels);
    for (let row = 0; row < batchSize * outHeight; row++) {
      const oh = row % outHeight;
      const sample = (row - oh) / outHeight;
      for (let kh = 0; kh < info.filterHeight; kh++) {
        const ih = oh * info.strideHeight - info.padInfo.top + kh * info.dilationHeight;
        if (ih < 0 || ih >= inHeight) continue;
        for (let kw = 0; kw < info.filterWidth; kw++) {
          const tap = (kh * info.filterWidth + kw) * outChannels;
          for (let ow = 0; ow < outWidth; ow++) {
            const iw = ow * info.strideWidth - info.padInfo.left + kw * info.dilationWidth;
            if (iw < 0 || iw >= inWidth) continue;
            const seen = image + ((sample * inHeight + ih) * inWidth + iw) * inChannels;
            const upstream = output + (row * outWidth + ow) * outChannels;
            if (multiplier === 1) {
              for (let c = 0; c < outChannels; c++) sums[tap + c]! += heap[seen + c]! * heap[upstream + c]!;
            } else {
              for (let c = 0, i = 0; c < inChannels; c++) {
                const value = heap[seen + c]!;
                for (let m = 0; m < multiplier; m++, i++) sums[tap + i]! += value * heap[upstream + i]!;
              }
            }
          }
        }
      }
    }
    heap.set(sums, wordOf(backend, dw));
    return dw;
  },
);
