import {
  backend_util,
  type DataType,
  type MaxPool3DGradAttrs,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { type Geometry, geometry2d, geometry3d, seenAlong } from '../../geometry.js';
import { arranged, BLOCKED, type View, viewOf } from '../arrange.js';
import type { Graph, Value } from '../graph.js';
import type { Lowering, Lowerings } from '../lowering.js';
import type { OnnxBackend } from '../onnxBackend.js';
import { type Layout, sameLayout } from '../view.js';
import { blockedFrames, volumes } from './convolved.js';

type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];
type Kind = 'MaxPool' | 'AveragePool';

/** The geometry of a pool of [batch, ...places, channels]; undefined for one of nothing. */
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
    const { before, after } = seenAlong(axis);
    return before < axis.filter && after < axis.filter;
  });

const placesOf = ({ axes }: Geometry, of: 'input' | 'output') => axes.map((axis) => axis[of]);

/** The part of [batch, channels, ...inputs] that windows look at. */
function seen(graph: Graph, value: Value, { axes }: Geometry): Value {
  const ranges = axes.map(seenAlong);
  if (ranges.every(({ length }, i) => length === axes[i]!.input)) return value;
  return graph.record(
    'Slice',
    [
      value,
      ...[ranges.map(({ from }) => from), ranges.map(({ to }) => to), [2, 3, 4]].map((n) =>
        graph.integers(n),
      ),
    ],
    [...value.dims.slice(0, 2), ...ranges.map(({ length }) => length)],
  );
}

/** The attributes of ONNX's pools. */
const windowOf = ({ axes }: Geometry) => {
  const ranges = axes.map(seenAlong);
  return {
    kernel_shape: axes.map((axis) => axis.filter),
    strides: axes.map((axis) => axis.stride),
    pads: [...ranges.map(({ before }) => before), ...ranges.map(({ after }) => after)],
  };
};

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
  const images = graph.reshaped(arranged(graph, x, volumes(batch, inputs, channels)), [
    batch,
    channels,
    ...inputs,
  ]);
  const value = graph.record(kind, [seen(graph, images, geometry)], [batch, channels, ...outputs], {
    attributes: windowOf(geometry),
  });
  return viewOf(value, volumes(batch, outputs, channels));
}

/** Whether to pool on blocks of channels: images, unless they lie channel by channel already. */
function inBlocks({ block }: OnnxBackend, { batch, channels, axes }: Geometry, x: Layout): boolean {
  const [depth] = axes;
  const plain = axes.every(({ input }, i) => seenAlong(axes[i]!).length === input);
  const flat = depth.filter === 1 && depth.stride === 1 && depth.input === depth.output;
  if (block === 0 || channels % block !== 0 || !plain || !flat) return false;
  return !sameLayout(x, volumes(batch, axes.map(({ input }) => input), channels)); // biome-ignore format: one shape
}

function pooledInBlocks({ graph, block }: OnnxBackend, kind: Kind, geometry: Geometry, x: View): View {
  const { batch, channels, axes } = geometry;
  const [depth, height, width] = axes;
  const images = arranged(
    graph,
    x,
    blockedFrames(batch, depth.input, height.input, width.input, channels, block),
  );
  const [rows, columns] = [height, width].map(seenAlong);
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
        pads: [rows!.before, columns!.before, rows!.after, columns!.after],
      },
    },
  );
  const layout = blockedFrames(batch, depth.output, height.output, width.output, channels, block);
  return viewOf(graph.reshaped(value, layout.dims), layout);
}

/**
 * The gradient of a maximum goes to where the maximum is: of equal values to the first in the window, as on the cpu
 * backend in 2D, or to the last, as there in 3D, by looking at everything from behind.
 */
const maxPoolBack =
  (volume: boolean): Lowering =>
  ({ inputs, attrs, backend }) => {
    const { dy, input } = inputs as { dy: TensorInfo; input: TensorInfo };
    const geometry =
      input.dtype === 'float32' && dy.dtype === 'float32' && geometryOf(attrs, input.shape, volume);
    if (!geometry) return undefined;
    const { graph } = backend;
    const { batch, channels } = geometry;
    const [inputs3, outputs] = [placesOf(geometry, 'input'), placesOf(geometry, 'output')];
    const layout = volumes(batch, inputs3, channels);
    const planes = (info: TensorInfo, places: number[]) =>
      graph.reshaped(arranged(graph, backend.view(info), volumes(batch, places, channels)), [
        batch,
        channels,
        ...places,
      ]);
    let image = seen(graph, planes(input, inputs3), geometry);
    let upstream = planes(dy, outputs);
    const attributes = windowOf(geometry);
    if (volume) {
      [image, upstream] = [turned(graph, image), turned(graph, upstream)];
      attributes.pads = [...attributes.pads.slice(3), ...attributes.pads.slice(0, 3)];
    }
    const dims = [batch, channels, ...outputs];
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
    let dx = graph.reshaped(scattered, image.dims);
    if (volume) dx = turned(graph, dx);
    return backend.tensor(input.shape, 'float32', viewOf(surrounded(graph, dx, geometry), layout));
  };

/** The places of a volume in the opposite order. */
function turned(graph: Graph, value: Value): Value {
  const [starts, ends, axes, steps] = [[-1, -1, -1], Array(3).fill(-(2 ** 31)), [2, 3, 4], [-1, -1, -1]].map(
    (n) => graph.integers(n),
  );
  return graph.record('Slice', [value, starts, ends, axes, steps], value.dims);
}

/** Zeros where inputs lie that no window looks at. */
function surrounded(graph: Graph, value: Value, { axes }: Geometry): Value {
  const ranges = axes.map(seenAlong);
  if (ranges.every(({ length }, i) => length === axes[i]!.input)) return value;
  const before = ranges.map(({ from }) => from);
  const after = ranges.map(({ to }, i) => axes[i]!.input - to);
  const dims = [...value.dims.slice(0, 2), ...axes.map(({ input }) => input)];
  return graph.record('Pad', [value, graph.integers([0, 0, ...before, 0, 0, ...after])], dims);
}

/** The gradient of a mean, as tfjs has it: an equal share of dy for each place of the window, padding included. */
const averagePoolBack =
  (volume: boolean): Lowering =>
  ({ inputs, attrs, backend }) => {
    const { dy, input } = inputs as { dy: TensorInfo; input: TensorInfo };
    const geometry =
      input.dtype === 'float32' && dy.dtype === 'float32' && geometryOf(attrs, input.shape, volume);
    if (!geometry) return undefined;
    const { graph } = backend;
    const { batch, channels, axes } = geometry;
    const outputs = placesOf(geometry, 'output');
    const images = batch * channels;
    const upstream = graph.reshaped(arranged(graph, backend.view(dy), volumes(batch, outputs, channels)), [
      images,
      1,
      ...outputs,
    ]);
    const { kernel_shape, strides, pads } = windowOf(geometry);
    const share = graph.number(1 / util.sizeFromShape(kernel_shape));
    const window = graph.record(
      'Expand',
      [share, graph.integers([1, 1, ...kernel_shape])],
      [1, 1, ...kernel_shape],
    );
    const inputs3 = axes.map((axis) => seenAlong(axis).length);
    const value = graph.record('ConvTranspose', [upstream, window], [images, 1, ...inputs3], {
      attributes: { kernel_shape, strides, pads },
    });
    const dx = surrounded(graph, graph.reshaped(value, [batch, channels, ...inputs3]), geometry);
    return backend.tensor(
      input.shape,
      'float32' satisfies DataType,
      viewOf(dx, volumes(batch, placesOf(geometry, 'input'), channels)),
    );
  };

/** Maxima and means over windows, channels last, and their gradients. */
export const pooling: Lowerings = {
  MaxPool: pool('MaxPool', false),
  MaxPool3D: pool('MaxPool', true),
  MaxPoolGrad: maxPoolBack(false),
  MaxPool3DGrad: maxPoolBack(true),
  AvgPool: pool('AveragePool', false),
  AvgPool3D: pool('AveragePool', true),
  AvgPoolGrad: averagePoolBack(false),
  AvgPool3DGrad: averagePoolBack(true),
};
