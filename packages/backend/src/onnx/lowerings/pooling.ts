import { backend_util, type MaxPool3DGradAttrs, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type Geometry, geometry2d, geometry3d, inputRange } from '../../geometry.js';
import type { Graph } from '../graph/graph.js';
import { BLOCKED, toLayout, viewOf } from '../graph/toLayout.js';
import type { Value } from '../graph/value.js';
import { type Layout, sameLayout, type View } from '../graph/view.js';
import type { Lowering, Lowerings } from '../lowering.js';
import type { OnnxBackend } from '../onnxBackend.js';
import { blockedFrames } from './convolved.js';
import { floats, padsOf, planes, reversed, seen } from './planes.js';

type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];
type Kind = 'MaxPool' | 'AveragePool';

/** The geometry of a pool of [batch, ...positions, channels]; undefined for an empty one. */
function geometryOf(attrs: object, shape: readonly number[], volume: boolean): Geometry | undefined {
  const { filterSize, strides, pad, dimRoundingMode, dataFormat } = attrs as MaxPool3DGradAttrs & {
    dataFormat?: string;
  };
  if (dataFormat === 'NCHW' || dataFormat === 'NCDHW') return undefined;
  const geometry = volume
    ? geometry3d(
        backend_util.computePool3DInfo(shape as Shape5, filterSize, strides, 1, pad, dimRoundingMode),
      )
    : geometry2d(
        backend_util.computePool2DInfo(
          shape as Shape4,
          filterSize as number,
          strides as number,
          1,
          pad,
          dimRoundingMode,
        ),
      );
  const full = geometry.axes.every(({ input, output }) => input > 0 && output > 0);
  return full && geometry.batch > 0 && geometry.channels > 0 && overlaps(geometry) ? geometry : undefined;
}

/** Whether each window has an input in it: ONNX Runtime refuses others. */
const overlaps = ({ axes }: Geometry) =>
  axes.every((axis) => {
    const { before, after } = inputRange(axis);
    return before < axis.filter && after < axis.filter;
  });

const placesOf = ({ axes }: Geometry, of: 'input' | 'output') => axes.map((axis) => axis[of]);

/** The attributes of ONNX's pools. */
const windowOf = ({ axes }: Geometry) => ({
  kernel_shape: axes.map((axis) => axis.filter),
  strides: axes.map((axis) => axis.stride),
  pads: padsOf(axes),
});

const pool =
  (kind: Kind, volume: boolean): Lowering =>
  ({ inputs: { x }, attrs, backend }) => {
    const geometry = x!.dtype === 'float32' && geometryOf(attrs, x!.shape, volume);
    if (!geometry) return undefined;
    const shape = [geometry.batch, ...placesOf(geometry, 'output').slice(volume ? 0 : 1), geometry.channels];
    return backend.tensor(shape, 'float32', pooled(backend, kind, geometry, backend.view(x!)));
  };

function pooled(backend: OnnxBackend, kind: Kind, geometry: Geometry, x: View): View {
  const { graph } = backend;
  const { batch, channels } = geometry;
  if (inBlocks(backend, geometry, x)) return pooledInBlocks(backend, kind, geometry, x);
  const inputs = placesOf(geometry, 'input');
  const outputs = placesOf(geometry, 'output');
  const images = seen(graph, toLayout(graph, x, planes(batch, inputs, channels)), geometry.axes);
  const value = graph.record(kind, [images], [batch, channels, ...outputs], {
    attributes: windowOf(geometry),
  });
  return viewOf(value, planes(batch, outputs, channels));
}

/** Whether to pool on blocks of channels: for images, unless their layout is channel by channel already. */
function inBlocks({ block }: OnnxBackend, { batch, channels, axes }: Geometry, x: Layout): boolean {
  const [depth] = axes;
  const plain = axes.every(({ input }, i) => inputRange(axes[i]!).length === input);
  const flat = depth.filter === 1 && depth.stride === 1 && depth.input === depth.output;
  if (block === 0 || channels % block !== 0 || !plain || !flat) return false;
  return !sameLayout(x, planes(batch, axes.map(({ input }) => input), channels)); // biome-ignore format: one shape
}

function pooledInBlocks({ graph, block }: OnnxBackend, kind: Kind, geometry: Geometry, x: View): View {
  const { batch, channels, axes } = geometry;
  const [depth, height, width] = axes;
  const images = toLayout(
    graph,
    x,
    blockedFrames(batch, depth.input, height.input, width.input, channels, block),
  );
  const frames = batch * depth.input;
  const dims = [frames, channels, height.output, width.output];
  const value = graph.record(
    kind,
    [graph.reshaped(images, [frames, channels, height.input, width.input])],
    dims,
    {
      domain: BLOCKED,
      attributes: {
        kernel_shape: [height.filter, width.filter],
        strides: [height.stride, width.stride],
        pads: padsOf([height, width]),
      },
    },
  );
  const layout = blockedFrames(batch, depth.output, height.output, width.output, channels, block);
  return viewOf(graph.reshaped(value, layout.dims), layout);
}

/** Zeros for the inputs that no window reads. */
function surrounded(graph: Graph, value: Value, { axes }: Geometry): Value {
  const ranges = axes.map(inputRange);
  if (ranges.every(({ length }, i) => length === axes[i]!.input)) return value;
  const before = ranges.map(({ from }) => from);
  const after = ranges.map(({ to }, i) => axes[i]!.input - to);
  const dims = [...value.dims.slice(0, 2), ...axes.map(({ input }) => input)];
  return graph.record('Pad', [value, graph.integers([0, 0, ...before, 0, 0, ...after])], dims);
}

/** The gradient of the inputs that windows read, from dy, [batch, channels, ...outputs]. */
type Gradient = (graph: Graph, geometry: Geometry, dy: Value, image: () => Value, volume: boolean) => Value;

const poolBack =
  (gradient: Gradient, volume: boolean): Lowering =>
  ({ inputs, attrs, backend }) => {
    const { dy, input } = inputs as { dy: TensorInfo; input: TensorInfo };
    const geometry = floats(dy, input) && geometryOf(attrs, input.shape, volume);
    if (!geometry) return undefined;
    const { graph } = backend;
    const layoutOf = (of: 'input' | 'output') =>
      planes(geometry.batch, placesOf(geometry, of), geometry.channels);
    const upstream = toLayout(graph, backend.view(dy), layoutOf('output'));
    const image = () => seen(graph, toLayout(graph, backend.view(input), layoutOf('input')), geometry.axes);
    const dx = surrounded(graph, gradient(graph, geometry, upstream, image, volume), geometry);
    return backend.tensor(input.shape, 'float32', viewOf(dx, layoutOf('input')));
  };

/**
 * The gradient of a maximum goes to the position of the maximum: of equal values to the first in the window, as on the cpu
 * backend in 2D, or to the last, as there in 3D, by reversing all axes.
 */
const ofMaximum: Gradient = (graph, geometry, dy, imageOf, volume) => {
  const facing = (value: Value) => (volume ? reversed(graph, value, [2, 3, 4]) : value);
  const [image, upstream] = [facing(imageOf()), facing(dy)];
  const attributes = windowOf(geometry);
  if (volume) attributes.pads = [...attributes.pads.slice(3), ...attributes.pads.slice(0, 3)];
  const { dims } = dy;
  const [, places] = graph.recordAll(
    'MaxPool',
    [image],
    [
      { dims, type: 'float32' },
      { dims, type: 'int64' },
    ],
    { attributes },
  );
  const zeros = graph.record('Expand', [graph.number(0), graph.integers([image.size])], [image.size]);
  const flat = [graph.reshaped(places!, [places!.size]), graph.reshaped(upstream, [upstream.size])];
  const scattered = graph.record('ScatterElements', [zeros, ...flat], [image.size], {
    attributes: { axis: 0, reduction: 'add' },
  });
  return facing(graph.reshaped(scattered, image.dims));
};

/** The gradient of a mean, as in tfjs: an equal part of dy for each position of the window, padding included. */
const ofMean: Gradient = (graph, geometry, dy) => {
  const { batch, channels, axes } = geometry;
  const images = batch * channels;
  const upstream = graph.reshaped(dy, [images, 1, ...placesOf(geometry, 'output')]);
  const attributes = windowOf(geometry);
  const size = [1, 1, ...attributes.kernel_shape];
  const share = graph.number(1 / util.sizeFromShape(size));
  const window = graph.record('Expand', [share, graph.integers(size)], size);
  const inputs = axes.map((axis) => inputRange(axis).length);
  const value = graph.record('ConvTranspose', [upstream, window], [images, 1, ...inputs], { attributes });
  return graph.reshaped(value, [batch, channels, ...inputs]);
};

/** Maxima and means over windows, channels last, and their gradients. */
export const pooling: Lowerings = {
  MaxPool: pool('MaxPool', false),
  MaxPool3D: pool('MaxPool', true),
  MaxPoolGrad: poolBack(ofMaximum, false),
  MaxPool3DGrad: poolBack(ofMaximum, true),
  AvgPool: pool('AveragePool', false),
  AvgPool3D: pool('AveragePool', true),
  AvgPoolGrad: poolBack(ofMean, false),
  AvgPool3DGrad: poolBack(ofMean, true),
};
