import {
  backend_util,
  DepthwiseConv2dNative,
  DepthwiseConv2dNativeBackpropInput,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  getKernel,
  Sum,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { geometry2d, inputRange } from '../../geometry.js';
import { floats, type WasmBackend, wordOf } from '../heap.js';
import { interleave, type Phases, phasesOf } from '../phases.js';
import { composed, computeOf } from './kernel.js';
import { sliced } from './slice.js';

type Shape4 = [number, number, number, number];

/**
 * Gradient of a depthwise 2D convolution in its input: for each phase of the strides a depthwise convolution of dy by
 * XNNPACK, then a sum over the outputs that each channel had.
 */
export const depthwiseConv2dBackpropInput = composed<'dy' | 'filter'>(
  DepthwiseConv2dNativeBackpropInput,
  ({ inputs: { dy, filter }, backend, attrs }) => {
    const { strides, dilations, pad, dimRoundingMode, inputShape } =
      attrs as unknown as DepthwiseConv2dNativeBackpropInputAttrs;
    const info = backend_util.computeConv2DInfo(
      inputShape,
      filter.shape as Shape4,
      strides,
      dilations,
      pad,
      dimRoundingMode,
      true,
    );
    const geometry = geometry2d(info);
    const [depths, heights, widths] = geometry.axes.map((axis) => phasesOf(axis, false)) as [
      Phases[],
      Phases[],
      Phases[],
    ];
    const dx = backend.makeOutput(inputShape, 'float32');
    backend.typedArrayFromHeap(dx).fill(0);
    for (const height of heights) {
      for (const width of widths) {
        const rows = inputRange(height.axis);
        const columns = inputRange(width.axis);
        // No output reaches this phase: it stays zero.
        if (rows.length === 0 || columns.length === 0) continue;
        const seen = sliced(
          backend,
          dy,
          [0, rows.from, columns.from, 0],
          [info.batchSize, rows.length, columns.length, info.outChannels],
        );
        const taps = tapsOf(backend, info, filter, height, width);
        const part = phase(
          backend,
          info,
          seen,
          taps,
          [
            [rows.before, rows.after],
            [columns.before, columns.after],
          ],
          [height, width],
        );
        backend.disposeData(seen.dataId);
        backend.disposeData(taps.dataId);
        interleave(
          floats(backend),
          geometry,
          [depths[0]!, height, width],
          wordOf(backend, part),
          wordOf(backend, dx),
        );
        backend.disposeData(part.dataId);
      }
    }
    return dx;
  },
);

/** The filter's taps of a phase, as the filter of a depthwise convolution over all of dy's channels. */
function tapsOf(
  backend: WasmBackend,
  { outChannels, filterWidth }: backend_util.Conv2DInfo,
  filter: TensorInfo,
  height: Phases,
  width: Phases,
): TensorInfo {
  const taps = backend.makeOutput([height.axis.filter, width.axis.filter, outChannels, 1], 'float32');
  const heap = floats(backend);
  let target = wordOf(backend, taps);
  for (const kh of height.taps[0]!) {
    for (const kw of width.taps[0]!) {
      // A single phase has a tap of the filter at each of its taps.
      const source = wordOf(backend, filter) + (kh! * filterWidth + kw!) * outChannels;
      heap.copyWithin(target, source, source + outChannels);
      target += outChannels;
    }
  }
  return taps;
}

/** dx at one phase, [batch, height.axis.output, width.axis.output, channels]. */
function phase(
  backend: WasmBackend,
  { batchSize, inChannels, outChannels }: backend_util.Conv2DInfo,
  seen: TensorInfo,
  taps: TensorInfo,
  [above, beside]: [number[], number[]],
  [height, width]: [Phases, Phases],
): TensorInfo {
  const spread = computeOf(getKernel(DepthwiseConv2dNative, 'wasm'))!({
    inputs: { x: seen, filter: taps },
    backend,
    attrs: {
      strides: [1, 1],
      dilations: [height.axis.dilation, width.axis.dilation],
      pad: [[0, 0], above, beside, [0, 0]] as unknown as number[],
    },
  });
  if (outChannels === inChannels) return spread;
  const places = batchSize * height.axis.output * width.axis.output;
  const sum = computeOf(getKernel(Sum, 'wasm'))!({
    inputs: { x: { ...spread, shape: [places * inChannels, outChannels / inChannels] } },
    backend,
    attrs: { axis: 1, keepDims: false },
  });
  backend.disposeData(spread.dataId);
  return sum;
}
