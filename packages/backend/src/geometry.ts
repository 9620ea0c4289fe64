import type { backend_util } from '@tensorflow/tfjs-core';

/** An axis that a convolution slides over. Output o reads inputs o * stride - padBefore + k * dilation, k < filter; those outside are zero. */
export interface Axis {
  input: number;
  output: number;
  filter: number;
  stride: number;
  dilation: number;
  /** Zeros before the first input; negative where the first inputs are never read. */
  padBefore: number;
}

/** A convolution of [batch, ...axes.input, channels] to [batch, ...axes.output, filters]. */
export interface Geometry {
  batch: number;
  channels: number;
  filters: number;
  /** Depth, height, width. */
  axes: [Axis, Axis, Axis];
}

/** Whether each output reads just the input at its own position. */
export const isPointwiseAxis = (a: Axis) =>
  a.filter === 1 && a.stride === 1 && a.padBefore === 0 && a.input === a.output;

/** An axis of length one. */
export const one: Axis = { input: 1, output: 1, filter: 1, stride: 1, dilation: 1, padBefore: 0 };

/** Two neighbouring axes as one, possible where the inner one is pointwise: long runs copy faster than short ones. */
const merged = (outer: Axis, inner: Axis): Axis => ({
  input: outer.input * inner.input,
  output: outer.output * inner.input,
  filter: outer.filter,
  stride: 1,
  dilation: outer.dilation * inner.input,
  padBefore: outer.padBefore * inner.input,
});

/** The same convolution over fewer axes, where some are pointwise. */
export function simplified(geometry: Geometry): Geometry {
  let [depth, height, width] = geometry.axes;
  if (isPointwiseAxis(width) && height.stride === 1) {
    width = merged(height, width);
    height = one;
  }
  if (isPointwiseAxis(height) && height.input === 1 && isPointwiseAxis(width) && depth.stride === 1) {
    width = merged(depth, width);
    depth = one;
  }
  return { ...geometry, axes: [depth, height, width] };
}

/** The number of positions, zeros included, that an axis's outputs span from the first to the last. */
export const reachOf = ({ output, filter, stride, dilation }: Axis) =>
  (output - 1) * stride + (filter - 1) * dilation + 1;

/**
 * The inputs [from, to) that an axis's outputs read, and the number of zeros that they read before and after those. Where
 * they read zeros only, all of these are before.
 */
export function inputRange(axis: Axis) {
  const { input, padBefore } = axis;
  const reach = reachOf(axis);
  const from = Math.min(input, Math.max(0, -padBefore));
  const to = Math.max(from, Math.min(input, reach - padBefore));
  const length = to - from;
  const first = Math.min(Math.max(0, padBefore), reach - length);
  return { from, to, length, before: first, after: reach - length - first };
}

/** Height and width as one axis, and depth as height, where the filter spans depth only. */
export function asPlane(geometry: Geometry): Geometry {
  const [depth, height, width] = geometry.axes;
  if (!isPointwiseAxis(height) || !isPointwiseAxis(width)) return geometry;
  return { ...geometry, axes: [one, depth, merged(height, width)] };
}

/** The geometry of tfjs's description of a 3D convolution. */
export function geometry3d(info: backend_util.Conv3DInfo): Geometry {
  return {
    batch: info.batchSize,
    channels: info.inChannels,
    filters: info.outChannels,
    axes: [
      {
        input: info.inDepth,
        output: info.outDepth,
        filter: info.filterDepth,
        stride: info.strideDepth,
        dilation: info.dilationDepth,
        padBefore: info.padInfo.front,
      },
      ...inThePlane(info),
    ],
  };
}

/** The geometry of tfjs's description of a 2D convolution: one of depth 1. */
export function geometry2d(info: backend_util.Conv2DInfo): Geometry {
  return {
    batch: info.batchSize,
    channels: info.inChannels,
    filters: info.outChannels,
    axes: [one, ...inThePlane(info)],
  };
}

/** Whether the convolution is a matrix product of the input as stored: filter 1, stride 1, no padding. */
export const isPointwise = (geometry: Geometry) => geometry.axes.every(isPointwiseAxis);

/** Weights of one filter: rows of the filter as a matrix. */
export const tapsOf = ({ axes, channels }: Geometry) =>
  axes[0].filter * axes[1].filter * axes[2].filter * channels;

/** Rows of output: all its axes but the last. */
export const rowsOf = ({ batch, axes }: Geometry) => batch * axes[0].output * axes[1].output;

/** The axes that 2D and 3D convolutions share: height and width. */
function inThePlane(info: backend_util.Conv2DInfo | backend_util.Conv3DInfo): [Axis, Axis] {
  return [
    {
      input: info.inHeight,
      output: info.outHeight,
      filter: info.filterHeight,
      stride: info.strideHeight,
      dilation: info.dilationHeight,
      padBefore: info.padInfo.top,
    },
    {
      input: info.inWidth,
      output: info.outWidth,
      filter: info.filterWidth,
      stride: info.strideWidth,
      dilation: info.dilationWidth,
      padBefore: info.padInfo.left,
    },
  ];
}
