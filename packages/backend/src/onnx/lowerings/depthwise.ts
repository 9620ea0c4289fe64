import { backend_util, type DepthwiseConv2dNativeAttrs, type TensorInfo } from '@tensorflow/tfjs-core';
import { type Axis, type Geometry, geometry2d, inputRange } from '../../geometry.js';
import type { Graph } from '../graph/graph.js';
import { BLOCKED, rowMajorView, toLayout, toRowMajor, transposed, viewOf } from '../graph/toLayout.js';
import type { Value } from '../graph/value.js';
import { type Layout, sameLayout, type View } from '../graph/view.js';
import type { Lowering, Lowerings } from '../lowering.js';
import type { OnnxBackend } from '../onnxBackend.js';
import { blockedFrames } from './convolved.js';
import { floats, padsOf, planes, reversed, seen } from './planes.js';

type Shape4 = [number, number, number, number];
type Attrs = DepthwiseConv2dNativeAttrs & { inputShape: Shape4; filterShape: Shape4 };

/** A convolution of each channel by itself, with `multiplier` filters to a channel. */
interface Depthwise {
  batch: number;
  channels: number;
  multiplier: number;
  /** Height and width. */
  axes: [Axis, Axis];
}

function described(attrs: object, inputShape: readonly number[], filterShape: readonly number[]) {
  const { strides, pad, dilations, dimRoundingMode, dataFormat } = attrs as Attrs & { dataFormat?: string };
  if (dataFormat === 'NCHW') return undefined;
  const info = backend_util.computeConv2DInfo(
    inputShape as Shape4,
    filterShape as Shape4,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    true,
  );
  const { batch, channels, axes } = geometry2d(info) as Geometry;
  if (batch === 0 || channels === 0 || filterShape[3] === 0) return undefined;
  if (axes.some(({ input, output }) => input === 0 || output <= 0)) return undefined;
  const own = [axes[1], axes[2]] as [Axis, Axis];
  return { batch, channels, multiplier: filterShape[3]!, axes: own } satisfies Depthwise;
}

const inputsOf = ({ axes }: Depthwise) => axes.map(({ input }) => input);
const outputsOf = ({ axes }: Depthwise) => axes.map(({ output }) => output);
const sizeOf = ({ axes }: Depthwise) => axes.map(({ filter }) => filter);

const forward: Lowering = ({ inputs, attrs, backend }) => {
  const { x, filter } = inputs as { x: TensorInfo; filter: TensorInfo };
  const conv = floats(x, filter) ? described(attrs, x.shape, filter.shape) : undefined;
  if (!conv) return undefined;
  const { batch, channels, multiplier } = conv;
  const shape = [batch, ...outputsOf(conv), channels * multiplier];
  const [view, weights] = [backend.view(x), backend.view(filter)];
  return backend.tensor(
    shape,
    'float32',
    inBlocks(backend, conv, view)
      ? convolvedInBlocks(backend, conv, view, weights)
      : convolvedInPlanes(backend, conv, view, weights),
  );
};

function inBlocks(
  { block }: OnnxBackend,
  { batch, channels, multiplier, axes }: Depthwise,
  x: Layout,
): boolean {
  const able = axes.every((axis) => axis.dilation === 1 && inputRange(axis).length === axis.input);
  if (block === 0 || multiplier !== 1 || channels % block !== 0 || !able) return false;
  return !sameLayout(x, planes(batch, axes.map(({ input }) => input), channels)); // biome-ignore format: one shape
}

function convolvedInBlocks({ graph, block }: OnnxBackend, conv: Depthwise, x: View, filter: View): View {
  const { batch, channels, axes } = conv;
  const [height, width] = axes;
  const blocks = channels / block;
  const images = toLayout(graph, x, blockedFrames(batch, 1, height.input, width.input, channels, block));
  const size = sizeOf(conv);
  const weight = transposed(
    graph,
    toRowMajor(graph, filter, [...size, channels]),
    [size[0]! * size[1]!, blocks, block],
    [1, 0, 2],
  );
  const dims = [batch, channels, height.output, width.output];
  const value = graph.record(
    'Conv',
    [
      graph.reshaped(images, [batch, channels, height.input, width.input]),
      graph.reshaped(weight, [channels, 1, ...size]),
    ],
    dims,
    {
      domain: BLOCKED,
      attributes: {
        group: channels,
        kernel_shape: size,
        strides: axes.map(({ stride }) => stride),
        pads: padsOf(axes),
      },
    },
  );
  const layout = blockedFrames(batch, 1, height.output, width.output, channels, block);
  return viewOf(graph.reshaped(value, layout.dims), layout);
}

function convolvedInPlanes({ graph }: OnnxBackend, conv: Depthwise, x: View, filter: View): View {
  const { batch, channels, multiplier, axes } = conv;
  const size = sizeOf(conv);
  const weight = transposed(
    graph,
    toRowMajor(graph, filter, [...size, channels, multiplier]),
    [...size, channels * multiplier],
    [2, 0, 1],
  );
  const image = toLayout(graph, x, planes(batch, inputsOf(conv), channels));
  const dims = [batch, channels * multiplier, ...outputsOf(conv)];
  const inputs = [seen(graph, image, axes), graph.reshaped(weight, [channels * multiplier, 1, ...size])];
  const value = graph.record('Conv', inputs, dims, {
    attributes: {
      group: channels,
      kernel_shape: size,
      strides: axes.map(({ stride }) => stride),
      dilations: axes.map(({ dilation }) => dilation),
      pads: padsOf(axes),
    },
  });
  return viewOf(value, planes(batch, outputsOf(conv), channels * multiplier));
}

const backward: Lowering = ({ inputs, attrs, backend }) => {
  const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
  const { inputShape } = attrs as unknown as Attrs;
  const conv = floats(dy, filter) ? described(attrs, inputShape, filter.shape) : undefined;
  if (!conv || conv.axes.some(({ dilation }) => dilation > 1)) return undefined;
  const { graph } = backend;
  const { batch, channels, multiplier, axes } = conv;
  const upstream = apart(
    graph,
    toLayout(graph, backend.view(dy), planes(batch, outputsOf(conv), channels * multiplier)),
    axes,
  );
  // The filter rotated by 180 degrees, over dy with zeros between its rows and columns.
  const turned = axes.map(
    ({ input, output, filter: size, stride, padBefore }): Axis => ({
      input: (output - 1) * stride + 1,
      output: input,
      filter: size,
      stride: 1,
      dilation: 1,
      padBefore: size - 1 - padBefore,
    }),
  );
  const size = sizeOf(conv);
  const weight = transposed(
    graph,
    reversed(graph, toRowMajor(graph, backend.view(filter), [...size, channels * multiplier]), [0, 1]),
    [...size, channels, multiplier],
    [2, 3, 0, 1],
  );
  const value = graph.record(
    'Conv',
    [seen(graph, upstream, turned), graph.reshaped(weight, [channels, multiplier, ...size])],
    [batch, channels, ...inputsOf(conv)],
    { attributes: { group: channels, kernel_shape: size, pads: padsOf(turned) } },
  );
  return backend.tensor([...inputShape], 'float32', viewOf(value, planes(batch, inputsOf(conv), channels)));
};

/** Zeros between the rows and columns of [batch, channels, height, width]. */
function apart(graph: Graph, value: Value, axes: readonly Axis[]): Value {
  const [batch, channels, height, width] = value.dims as Shape4;
  const [down, across] = axes.map(({ stride }) => stride) as [number, number];
  if (down === 1 && across === 1) return value;
  const dims = [batch * channels, height, down, width, across];
  const padded = graph.record(
    'Pad',
    [
      graph.reshaped(value, [batch * channels, height, 1, width, 1]),
      graph.integers([0, 0, 0, 0, 0, 0, 0, down - 1, 0, across - 1]),
    ],
    dims,
  );
  const [rows, columns] = [(height - 1) * down + 1, (width - 1) * across + 1];
  return graph.record(
    'Slice',
    [
      graph.reshaped(padded, [batch, channels, height * down, width * across]),
      ...[[0, 0], [rows, columns], [2, 3]].map((n) => graph.integers(n)), // biome-ignore format: pairs
    ],
    [batch, channels, rows, columns],
  );
}

/** dy as filters over x, both with the batch as channels: each tap of the filter is one output. */
const filterBackward: Lowering = ({ inputs, attrs, backend }) => {
  const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
  const { filterShape } = attrs as unknown as Attrs;
  const conv = floats(x, dy) ? described(attrs, x.shape, filterShape) : undefined;
  if (!conv) return undefined;
  const { graph } = backend;
  const { batch, channels, multiplier, axes } = conv;
  const swapped = axes.map(
    (axis): Axis => ({
      ...axis,
      output: axis.filter,
      filter: axis.output,
      stride: axis.dilation,
      dilation: axis.stride,
    }),
  );
  const byChannel = (view: View, places: readonly number[], count: number) => ({
    value: toLayout(graph, view, { dims: [count, batch, ...places], order: [1, 2, 3, 0] }),
    places,
  });
  const image = byChannel(backend.view(x), inputsOf(conv), channels);
  const upstream = byChannel(backend.view(dy), outputsOf(conv), channels * multiplier);
  const size = sizeOf(conv);
  const value = graph.record(
    'Conv',
    [
      seen(graph, graph.reshaped(image.value, [1, channels * batch, ...image.places]), swapped),
      graph.reshaped(upstream.value, [channels * multiplier, batch, ...upstream.places]),
    ],
    [1, channels * multiplier, ...size],
    {
      attributes: {
        group: channels,
        kernel_shape: outputsOf(conv),
        strides: swapped.map(({ stride }) => stride),
        dilations: swapped.map(({ dilation }) => dilation),
        pads: padsOf(swapped),
      },
    },
  );
  const rows = transposed(graph, value, [channels * multiplier, ...size], [1, 2, 0]);
  return backend.tensor([...filterShape], 'float32', rowMajorView(rows));
};

/** Convolutions of each channel by itself, channels last, and their gradients. */
export const depthwise: Lowerings = {
  DepthwiseConv2dNative: forward,
  DepthwiseConv2dNativeBackpropInput: backward,
  DepthwiseConv2dNativeBackpropFilter: filterBackward,
};
