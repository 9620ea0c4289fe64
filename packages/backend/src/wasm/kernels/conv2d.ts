import {
  backend_util,
  Conv2D,
  type Conv2DAttrs,
  DepthwiseConv2dNative,
  FusedConv2D,
  FusedDepthwiseConv2D,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { geometry2d, inputRange } from '../../geometry.js';
import { fromChannelsLast, toChannelsLast } from '../channelsLast.js';
import type { WasmBackend } from '../heap.js';
import type { ComposedKernel, Compute } from './kernel.js';

type Shape4 = [number, number, number, number];

/**
 * tfjs's kernel for NHWC, in the cases that it computes correctly: explicit padding, and no input that no output reads. For
 * 'same' with a stride larger than the filter it returns zeros, or writes outside its memory.
 */
const explicitly =
  (stock: Compute<string>, depthwise = false): Compute<string> =>
  (call) => {
    const { inputs, backend, attrs } = call;
    const [x, filter] = [inputs['x']!, inputs['filter']!];
    const { strides, pad, dilations, dimRoundingMode } = attrs as unknown as Conv2DAttrs;
    const info = backend_util.computeConv2DInfo(
      x.shape as Shape4,
      filter.shape as Shape4,
      strides,
      dilations ?? 1,
      pad,
      dimRoundingMode,
      depthwise,
    );
    if (util.sizeFromShape(info.outShape) === 0) return backend.makeOutput(info.outShape, 'float32');
    const [, height, width] = geometry2d(info).axes;
    const [rows, columns] = [inputRange(height), inputRange(width)];
    const whole = rows.length === height.input && columns.length === width.input;
    const image = whole ? x : framed(backend, x, rows, columns);
    const around = whole ? [[rows.before, rows.after], [columns.before, columns.after]] : [[0, 0], [0, 0]]; // biome-ignore format: two pairs
    const padding = [[0, 0], ...around, [0, 0]] as unknown as number[];
    const out = stock({
      inputs: { ...inputs, x: image },
      backend,
      attrs: { ...attrs, dataFormat: 'NHWC', dimRoundingMode: 'floor', pad: padding },
    });
    if (!whole) backend.disposeData(image.dataId);
    return out;
  };

type Seen = ReturnType<typeof inputRange>;

/** The part of an image that is read, with the zeros around it. */
function framed(backend: WasmBackend, x: TensorInfo, rows: Seen, columns: Seen): TensorInfo {
  const [batch, height, width, channels] = x.shape as Shape4;
  const lines = rows.before + rows.length + rows.after;
  const line = (columns.before + columns.length + columns.after) * channels;
  const out = backend.makeOutput([batch, lines, line / channels, channels], 'float32');
  const source = backend.typedArrayFromHeap(x);
  const target = backend.typedArrayFromHeap(out).fill(0);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < rows.length; h++) {
      const from = ((b * height + rows.from + h) * width + columns.from) * channels;
      const to = (b * lines + rows.before + h) * line + columns.before * channels;
      target.set(source.subarray(from, from + columns.length * channels), to);
    }
  }
  return out;
}

/** 2D convolution, NHWC or NCHW, which tfjs's kernel refuses. */
export const conv2d: ComposedKernel = {
  kernelName: Conv2D,
  compose: (stock) => (call) => {
    const { inputs, backend, attrs } = call;
    const { pad, dataFormat } = attrs as unknown as Conv2DAttrs;
    if (dataFormat !== 'NCHW') return explicitly(stock!)(call);
    const image = toChannelsLast(backend, inputs['x']!, dataFormat);
    const padding = Array.isArray(pad) ? [pad[0], pad[2], pad[3], pad[1]] : pad;
    const out = explicitly(stock!)({
      inputs: { ...inputs, x: image },
      backend,
      attrs: { ...attrs, pad: padding as number },
    });
    backend.disposeData(image.dataId);
    return fromChannelsLast(backend, out, dataFormat);
  },
};

/** 2D convolution with bias and activation, NHWC: what tf.layers.conv2d calls. */
export const fusedConv2d: ComposedKernel = {
  kernelName: FusedConv2D,
  compose: (stock) => (call) =>
    (call.attrs as unknown as Conv2DAttrs).dataFormat === 'NCHW' ? stock!(call) : explicitly(stock!)(call),
};

/** Depthwise 2D convolution, NHWC. */
export const depthwiseConv2d: ComposedKernel = {
  kernelName: DepthwiseConv2dNative,
  compose: (stock) => explicitly(stock!, true),
};

/** Depthwise 2D convolution with bias and activation, NHWC. */
export const fusedDepthwiseConv2d: ComposedKernel = {
  kernelName: FusedDepthwiseConv2D,
  compose: (stock) => explicitly(stock!, true),
};
