import { backend_util, type Conv2DAttrs, type Conv3DAttrs, type TensorInfo } from '@tensorflow/tfjs-core';
import { type Axis, type Geometry, geometry2d, geometry3d } from '../../geometry.js';
import type { View } from '../graph/view.js';
import type { KernelCall, Lowering, Lowerings } from '../lowering.js';
import type { OnnxBackend } from '../onnxBackend.js';
import { withoutFactor } from './affine.js';
import { worthScaling } from './blockedConv.js';
import { convolved } from './convolved.js';
import { convolvedBack } from './convolvedBack.js';
import { filterGradient } from './filterGradient.js';
import { floats } from './planes.js';

type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];
type Attrs = Conv2DAttrs & Conv3DAttrs & { inputShape: number[]; filterShape: number[] };

/** The geometry of a kernel's convolution, channels last. */
function geometryOf(
  attrs: Attrs,
  inputShape: readonly number[],
  filterShape: readonly number[],
  volume: boolean,
): Geometry | undefined {
  const { strides, pad, dilations, dimRoundingMode, dataFormat } = attrs;
  if (dataFormat === 'NCHW' || (dataFormat as string) === 'NCDHW') return undefined;
  const geometry = volume
    ? geometry3d(
        backend_util.computeConv3DInfo(
          inputShape as Shape5,
          filterShape as Shape5,
          strides as number,
          dilations ?? 1,
          pad as 'same',
        ),
      )
    : geometry2d(
        backend_util.computeConv2DInfo(
          inputShape as Shape4,
          filterShape as Shape4,
          strides as number,
          dilations ?? 1,
          pad,
          dimRoundingMode,
        ),
      );
  const empty = geometry.batch === 0 || geometry.axes.some(({ input, output }) => input === 0 || output <= 0);
  return empty || geometry.channels === 0 || geometry.filters === 0 ? undefined : geometry;
}

const outputShape = ({ batch, axes, filters }: Geometry, volume: boolean) => [
  batch,
  ...axes.slice(volume ? 0 : 1).map((axis) => axis.output),
  filters,
];

type Margins = readonly (readonly [number, number])[];

/** Zeros that another operation has added around the input count as padding of the convolution. */
function withoutPadding(
  backend: OnnxBackend,
  geometry: Geometry,
  x: TensorInfo,
): { geometry: Geometry; view: View } {
  const { padded } = backend.origin(x);
  const inner = padded && withoutMargins(geometry, padded.shape, padded.paddings, x.shape);
  return inner ? { geometry: inner, view: padded.view } : { geometry, view: backend.view(x) };
}

/**
 * The convolution of an input without its margins, which are padding then. Undefined where they are not only those of
 * whole images with all their channels.
 * @param shape what the input is without margins, in the terms in which they are given
 * @param wanted the input's shape, margins included
 */
function withoutMargins(
  geometry: Geometry,
  shape: readonly number[],
  margins: Margins,
  wanted: readonly number[],
): Geometry | undefined {
  const all = perAxis(shape, margins, wanted);
  if (!all || [...all[0]!, ...all.at(-1)!].some(Boolean)) return undefined;
  const own = all.slice(1, -1);
  const axes = geometry.axes.map((axis, i): Axis => {
    const [before, after] = own[i - (3 - own.length)] ?? [0, 0];
    return { ...axis, input: axis.input - before - after, padBefore: axis.padBefore + before };
  });
  return { ...geometry, axes: axes as Geometry['axes'] };
}

/**
 * Margins in terms of another shape of the same tensor: those of [batch, depth, height, width * channels] in terms of
 * [batch, depth, height, width, channels]. Undefined where that can't be said.
 * @param shape what the tensor was before margins were put to it, in the terms in which they are given
 */
function perAxis(
  shape: readonly number[],
  margins: Margins,
  wanted: readonly number[],
): [number, number][] | undefined {
  const full = shape.map((dim, i) => dim + margins[i]![0] + margins[i]![1]);
  if (full.join() === wanted.join()) return margins.map(([a, b]) => [a, b]);
  // All but the last two axes the same, and those two merged.
  const merged = [...wanted.slice(0, -2), wanted.at(-2)! * wanted.at(-1)!];
  if (full.join() !== merged.join()) return undefined;
  const channels = wanted.at(-1)!;
  const [before, after] = margins.at(-1)!;
  if (before % channels !== 0 || after % channels !== 0) return undefined;
  return [
    ...margins.slice(0, -1).map(([a, b]): [number, number] => [a, b]),
    [before / channels, after / channels],
    [0, 0],
  ];
}

const forward =
  (volume: boolean): Lowering =>
  ({ inputs, attrs, backend }: KernelCall) => {
    const { x, filter } = inputs as { x: TensorInfo; filter: TensorInfo };
    const whole = floats(x, filter) && geometryOf(attrs as unknown as Attrs, x.shape, filter.shape, volume);
    if (!whole) return undefined;
    const { geometry, view } = withoutPadding(backend, whole, x);
    return backend.tensor(
      outputShape(geometry, volume),
      'float32',
      convolved(backend, geometry, view, backend.view(filter)),
    );
  };

const backward =
  (volume: boolean): Lowering =>
  ({ inputs, attrs, backend }: KernelCall) => {
    const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
    const { inputShape } = attrs as unknown as Attrs;
    const geometry =
      floats(dy, filter) && geometryOf(attrs as unknown as Attrs, inputShape, filter.shape, volume);
    if (!geometry) return undefined;
    const { graph } = backend;
    let weights = backend.view(filter);
    const small = worthScaling(weights.value.size, backend.view(dy).value.size);
    const { view, factor } = small
      ? withoutFactor(backend.view(dy), geometry.filters)
      : { view: backend.view(dy), factor: undefined };
    if (factor) {
      const dims = [weights.value.size / geometry.filters, geometry.filters];
      const scaled = graph.record('Mul', [graph.reshaped(weights.value, dims), factor], dims);
      weights = { ...weights, value: graph.reshaped(scaled, weights.value.dims) };
    }
    const crop = (margins: Margins, shape: readonly number[]) => {
      const inner = withoutMargins(geometry, shape, margins, inputShape);
      return inner && convolvedBack(backend, inner, view, weights);
    };
    return backend.tensor([...inputShape], 'float32', convolvedBack(backend, geometry, view, weights), {
      crop,
    });
  };

const filterBackward =
  (volume: boolean): Lowering =>
  ({ inputs, attrs, backend }: KernelCall) => {
    const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
    const { filterShape } = attrs as unknown as Attrs;
    const whole = floats(x, dy) && geometryOf(attrs as unknown as Attrs, x.shape, filterShape, volume);
    if (!whole) return undefined;
    const { geometry, view } = withoutPadding(backend, whole, x);
    return backend.tensor(
      [...filterShape],
      'float32',
      filterGradient(backend, geometry, view, backend.view(dy)),
    );
  };

/** Convolutions of images and of volumes, channels last, and their gradients. */
export const convolutions: Lowerings = {
  Conv2D: forward(false),
  Conv3D: forward(true),
  Conv2DBackpropInput: backward(false),
  Conv3DBackpropInputV2: backward(true),
  Conv2DBackpropFilter: filterBackward(false),
  Conv3DBackpropFilterV2: filterBackward(true),
};
