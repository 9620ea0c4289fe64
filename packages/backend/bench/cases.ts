import { backend_util, type NamedAttrMap } from '@tensorflow/tfjs-core';

/** A kernel on given input. */
export interface Case {
  kernel: string;
  /** What it stands for. */
  title: string;
  inputs: { [name: string]: { shape: number[]; dtype?: 'float32' | 'int32' } };
  attrs: NamedAttrMap;
  /** Floating point operations of a run, where counting them makes sense. */
  operations?: number;
}

type Four = [number, number, number, number];
type Five = [number, number, number, number, number];
type Three = [number, number, number];

const size = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);

/** The three kernels of a 3D convolution, padded 'same'. */
function conv3d(inputShape: Five, filterShape: Five, strides: Three): Case[] {
  const { outShape } = backend_util.computeConv3DInfo(inputShape, filterShape, strides, 1, 'same');
  const operations = 2 * size(outShape) * size(filterShape.slice(0, 4));
  const attrs = { strides, pad: 'same', dilations: [1, 1, 1], dataFormat: 'NDHWC', inputShape, filterShape };
  const [x, filter, dy] = [{ shape: inputShape }, { shape: filterShape }, { shape: outShape }];
  const title = `${inputShape.join('x')}, filter ${filterShape.join('x')}, strides ${strides.join(' ')}`;
  return [
    { kernel: 'Conv3D', title, inputs: { x, filter }, attrs, operations },
    { kernel: 'Conv3DBackpropInputV2', title, inputs: { dy, filter }, attrs, operations },
    { kernel: 'Conv3DBackpropFilterV2', title, inputs: { x, dy }, attrs, operations },
  ];
}

/** The kernels of a 2D convolution, padded 'same'. Forward they are the stock ones behind a check of the padding. */
function conv2d(inputShape: Four, filterShape: Four, strides: [number, number]): Case[] {
  const { outShape } = backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, 'same');
  const operations = 2 * size(outShape) * size(filterShape.slice(0, 3));
  const attrs = { strides, pad: 'same', dilations: [1, 1], dataFormat: 'NHWC', inputShape, filterShape };
  const [x, filter, dy] = [{ shape: inputShape }, { shape: filterShape }, { shape: outShape }];
  const title = `${inputShape.join('x')}, filter ${filterShape.join('x')}, strides ${strides.join(' ')}`;
  const bias = { shape: [filterShape[3]] };
  return [
    { kernel: 'Conv2D', title, inputs: { x, filter }, attrs, operations },
    {
      kernel: 'FusedConv2D',
      title,
      inputs: { x, filter, bias },
      attrs: { ...attrs, activation: 'relu' },
      operations,
    },
    { kernel: 'Conv2DBackpropInput', title, inputs: { dy, filter }, attrs, operations },
    { kernel: 'Conv2DBackpropFilter', title, inputs: { x, dy }, attrs, operations },
  ];
}

/** The gradients of a depthwise convolution, padded 'same'. */
function depthwise(inputShape: Four, filterShape: Four, strides: [number, number]): Case[] {
  const { outShape } = backend_util.computeConv2DInfo(
    inputShape,
    filterShape,
    strides,
    1,
    'same',
    undefined,
    true,
  );
  const operations = 2 * size(outShape) * filterShape[0] * filterShape[1];
  const attrs = { strides, pad: 'same', dilations: [1, 1], inputShape, filterShape };
  const [x, filter, dy] = [{ shape: inputShape }, { shape: filterShape }, { shape: outShape }];
  const title = `${inputShape.join('x')}, filter ${filterShape.join('x')}, strides ${strides.join(' ')}`;
  return [
    { kernel: 'DepthwiseConv2dNativeBackpropInput', title, inputs: { dy, filter }, attrs, operations },
    { kernel: 'DepthwiseConv2dNativeBackpropFilter', title, inputs: { x, dy }, attrs, operations },
  ];
}

/** A product of matrices; `a` and `b` as they are stored. */
function matMul(a: number[], b: number[], transposeA: boolean, transposeB: boolean): Case {
  const columns = b.at(transposeB ? -2 : -1)!;
  const shown = (shape: number[], turned: boolean) => shape.join('x') + (turned ? ' transposed' : '');
  return {
    kernel: 'BatchMatMul',
    title: `${shown(a, transposeA)}, ${shown(b, transposeB)}`,
    inputs: { a: { shape: a }, b: { shape: b } },
    attrs: { transposeA, transposeB },
    operations: 2 * size(a) * columns,
  };
}

/** Max pooling over windows of 3, strides of 2, and its gradient. */
function maxPool(shape: Five): Case[] {
  const attrs = { filterSize: [3, 3, 3], strides: [2, 2, 2], pad: 'same', dataFormat: 'NDHWC' };
  const { outShape } = backend_util.computePool3DInfo(shape, [3, 3, 3], [2, 2, 2], 1, 'same');
  const title = `${shape.join('x')}, window 3, strides 2`;
  return [
    { kernel: 'MaxPool3D', title, inputs: { x: { shape } }, attrs },
    {
      kernel: 'MaxPool3DGrad',
      title,
      inputs: { dy: { shape: outShape }, input: { shape }, output: { shape: outShape } },
      attrs,
    },
  ];
}

const clip = { shape: [4, 8, 32, 32, 16] };

/** Every kernel at sizes of small video and skeleton networks. */
export const cases: readonly Case[] = [
  ...conv3d([2, 8, 28, 28, 32], [3, 3, 3, 32, 32], [1, 1, 1]),
  ...conv3d([8, 16, 32, 32, 3], [3, 7, 7, 3, 16], [1, 2, 2]),
  ...conv3d([4, 16, 32, 32, 16], [3, 3, 3, 16, 32], [2, 2, 2]),
  ...conv2d([2, 32, 20, 32], [9, 1, 32, 32], [1, 1]),
  ...conv2d([2, 28, 28, 32], [3, 3, 32, 64], [2, 2]),
  ...depthwise([2, 28, 28, 64], [3, 3, 64, 1], [1, 1]),
  ...depthwise([2, 28, 28, 32], [3, 3, 32, 2], [2, 2]),
  ...maxPool([4, 8, 32, 32, 16]),
  matMul([5120, 64], [5120, 64], true, false),
  matMul([5120, 64], [64, 64], false, true),
  matMul([8, 128, 64], [8, 128, 64], false, true),
  {
    kernel: 'Slice',
    title: '4x8x32x32x16, half of the channels',
    inputs: { x: clip },
    attrs: { begin: [0, 0, 0, 0, 0], size: [4, 8, 32, 32, 8] },
  },
  {
    kernel: 'SplitV',
    title: '4x8x32x32x16, in two along the channels',
    inputs: { x: clip },
    attrs: { numOrSizeSplits: [8, 8], axis: -1 },
  },
  { kernel: 'Unpack', title: '4x8x32x32x16, into frames', inputs: { value: clip }, attrs: { axis: 1 } },
  {
    kernel: 'Transpose',
    title: '4x8x32x32x16 to 16x32x32x8x4',
    inputs: { x: clip },
    attrs: { perm: [4, 2, 3, 1, 0] },
  },
  {
    kernel: 'Tile',
    title: '4x8x32x32x8, twice along the channels',
    inputs: { x: { shape: [4, 8, 32, 32, 8] } },
    attrs: { reps: [1, 1, 1, 1, 2] },
  },
  {
    kernel: 'Sum',
    title: '4x8x32x32x16, over all but the channels',
    inputs: { x: clip },
    attrs: { axis: [0, 1, 2, 3], keepDims: false },
  },
  {
    kernel: 'Mean',
    title: '4x8x32x32x16, over all but the channels',
    inputs: { x: clip },
    attrs: { axis: [0, 1, 2, 3], keepDims: false },
  },
  {
    kernel: 'UnsortedSegmentSum',
    title: '512x256 into 25 segments',
    inputs: { x: { shape: [512, 256] }, segmentIds: { shape: [512], dtype: 'int32' } },
    attrs: { numSegments: 25 },
  },
  { kernel: 'Maximum', title: '4x8x32x32x16, as large', inputs: { a: clip, b: clip }, attrs: {} },
  { kernel: 'Maximum', title: '4x8x32x32x16, a scalar', inputs: { a: clip, b: { shape: [] } }, attrs: {} },
];
