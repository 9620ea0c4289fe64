import { type Axis, type Geometry, reachOf } from '../../geometry.js';
import { toLayout, toRowMajor, transposed, viewOf } from '../graph/toLayout.js';
import type { Value } from '../graph/value.js';
import type { Layout, View } from '../graph/view.js';
import type { OnnxBackend } from '../onnxBackend.js';
import { type BlockedConv, recordConv } from './blockedConv.js';
import { framesAt } from './framesAt.js';
import { framePlanes, padsOf, planes, seen } from './planes.js';

/** A product of numbers. */
const product = (...numbers: number[]) => numbers.reduce((a, b) => a * b, 1);

/** Zeros after an axis that its last output reads; negative where the last inputs are never read. */
const after = (axis: Axis) => reachOf(axis) - axis.padBefore - axis.input;

/** [batch, depth, height, width, channels] with the channels of each frame in blocks. */
export function blockedFrames(
  batch: number,
  depth: number,
  height: number,
  width: number,
  channels: number,
  block: number,
): Layout {
  return {
    dims: [batch, depth, channels / block, height, width, block],
    order: [0, 1, 3, 4, 2, 5],
  };
}

/** Whether the fast kind of convolution can compute it. */
function canBlock({ block }: OnnxBackend, { channels, filters, axes }: Geometry): boolean {
  return (
    block > 0 &&
    filters % block === 0 &&
    (channels % block === 0 || channels < block) &&
    axes.every((axis) => axis.dilation === 1 && axis.padBefore >= 0 && after(axis) >= 0)
  );
}

/** A convolution of x with a filter of [depth, height, width, channels, filters]. */
export function convolved(backend: OnnxBackend, geometry: Geometry, x: View, filter: View): View {
  return canBlock(backend, geometry)
    ? convolvedInBlocks(backend, geometry, x, filter)
    : convolvedInPlanes(backend, geometry, x, filter);
}

/**
 * A 3D convolution as a 2D one of frames: each frame of the output reads several frames of the input, which are
 * concatenated as channels.
 */
function convolvedInBlocks(backend: OnnxBackend, geometry: Geometry, x: View, filter: View): View {
  const { graph, block } = backend;
  const { batch, channels, filters, axes } = geometry;
  const [depth, height, width] = axes;
  const blocked = channels % block === 0;
  const taps = [depth.filter, height.filter, width.filter];
  const layout = blockedFrames(batch, depth.output, height.output, width.output, filters, block);
  const base: Omit<BlockedConv, 'input' | 'weight'> = {
    strides: [height.stride, width.stride],
    pads: [height.padBefore, width.padBefore, after(height), after(width)],
    dims: [batch * depth.output, filters, height.output, width.output],
    layout,
  };
  const weights = toRowMajor(graph, filter, [...taps, channels, filters]);
  if (blocked) {
    const frames = framesOf(
      backend,
      x,
      geometry,
      blockedFrames(batch, depth.input, height.input, width.input, channels, block),
    );
    const [c, f] = [channels / block, filters / block];
    const weight = graph.cached(filter, `forward ${taps} ${channels}`, () =>
      transposed(graph, weights, [...taps, c, block, f, block], [5, 0, 3, 1, 2, 4, 6]),
    );
    return recordConv(graph, {
      ...base,
      input: graph.reshaped(frames, [
        batch * depth.output,
        depth.filter * channels,
        height.input,
        width.input,
      ]),
      weight: graph.reshaped(weight, [filters, depth.filter * channels, height.filter, width.filter]),
    });
  }
  // Few channels: one convolution for each frame that is looked at, each added to those before it.
  const all = toLayout(graph, x, framePlanes(batch, [depth.input, height.input, width.input], channels));
  const frame = product(channels, height.input, width.input);
  let result: View | undefined;
  for (let tap = 0; tap < depth.filter; tap++) {
    const input = pickedFrames(backend, graph.reshaped(all, [batch, depth.input, frame]), [tap], depth);
    const own = graph.reshaped(weights, [depth.filter, taps[1]! * taps[2]! * channels * filters]);
    const slice =
      depth.filter === 1
        ? own
        : graph.record('Gather', [own, graph.integers([tap])], [1, own.dims[1]!], {
            attributes: { axis: 0 },
          });
    const weight = transposed(
      graph,
      slice,
      [taps[1]!, taps[2]!, channels, filters / block, block],
      [3, 2, 0, 1, 4],
    );
    result = recordConv(graph, {
      ...base,
      input: graph.reshaped(input, [batch * depth.output, channels, height.input, width.input]),
      weight: graph.reshaped(weight, [filters, channels, height.filter, width.filter]),
      ...(result && { sum: graph.reshaped(result.value, base.dims), partial: true }),
    });
  }
  return result!;
}

/** The frames that each frame of the output reads, one after the other. */
function framesOf(
  backend: OnnxBackend,
  x: View,
  { batch, channels, axes: [depth, height, width] }: Geometry,
  layout: Layout,
): Value {
  const { graph } = backend;
  const frame = product(channels, height.input, width.input);
  const all = graph.reshaped(toLayout(graph, x, layout), [batch, depth.input, frame]);
  return pickedFrames(
    backend,
    all,
    Array.from({ length: depth.filter }, (_, tap) => tap),
    depth,
  );
}

/** For each output along an axis the inputs under some taps of its filter: [batch, outputs * taps, frame]. */
function pickedFrames({ graph }: OnnxBackend, frames: Value, taps: readonly number[], axis: Axis): Value {
  const places = Array.from({ length: axis.output }, (_, o) =>
    taps.map((tap) => o * axis.stride + tap * axis.dilation - axis.padBefore),
  );
  return framesAt(graph, frames, places.flat());
}

/** Any convolution, by ONNX Runtime's general kernel. */
function convolvedInPlanes(backend: OnnxBackend, geometry: Geometry, x: View, filter: View): View {
  const { graph } = backend;
  const { batch, channels, filters, axes } = geometry;
  const inputs = axes.map((axis) => axis.input);
  const outputs = axes.map((axis) => axis.output);
  const size = axes.map((axis) => axis.filter);
  const input = seen(graph, toLayout(graph, x, planes(batch, inputs, channels)), axes);
  const weight = transposed(
    graph,
    toRowMajor(graph, filter, [...size, channels, filters]),
    [...size, channels, filters],
    [4, 3, 0, 1, 2],
  );
  const value = graph.record('Conv', [input, weight], [batch, filters, ...outputs], {
    attributes: {
      kernel_shape: size,
      strides: axes.map((axis) => axis.stride),
      dilations: axes.map((axis) => axis.dilation),
      pads: padsOf(axes),
    },
  });
  return viewOf(value, planes(batch, outputs, filters));
}
