/*
 * Gradients of dilated convolutions. tfjs allows a dilation only with stride 1, so along each axis, with padding p in front,
 *   y[t] = sum_k x[t + k d - p] w[k].
 * The gradient of x is a convolution with the same dilation, of the reversed kernel over dy padded by (K - 1) d - p in front:
 *   dx[s] = sum_k dy[s + p - k d] w[k].
 * That of w is a convolution over x, in steps of d, with dy as its kernel and channels and batch in exchanged roles:
 *   dw[k] = sum_t x[t + k d - p] dy[t].
 * Both are forward convolutions, which every backend has, and no kernel is filled up with zeros.
 */
import * as tf from '@tensorflow/tfjs-core';
import { extendGradient, type GradientFunction, gradientToExtend } from './gradientConfig.js';
import { type Padding, padSpace, sliceSpace } from './space.js';

interface ConvolutionAttributes {
  dilations: number | number[] | null;
  strides: number | number[];
  pad: 'valid' | 'same' | number | [number, number][];
  dataFormat?: string;
}

type DilatedGradient = (dy: tf.Tensor, saved: tf.Tensor[], attributes: ConvolutionAttributes) => Gradients;
type Gradients = { x: () => tf.Tensor; filter: () => tf.Tensor };

const CONVOLUTIONS: { [kernel: string]: DilatedGradient } = {
  Conv2D: (dy, saved, attributes) => {
    const { dataFormat = 'NHWC' } = attributes;
    if (dataFormat === 'NHWC') return denseGradients(dy, saved, attributes, 2);
    // NCHW, computed channels last.
    const last = (t: tf.Tensor) => tf.transpose(t, [0, 2, 3, 1]);
    const channelsLast = () =>
      denseGradients(last(dy), [last(saved[0]!), saved[1]!], withPaddingLast(attributes), 2);
    return {
      x: () => tf.transpose(channelsLast().x(), [0, 3, 1, 2]),
      filter: () => channelsLast().filter(),
    };
  },
  Conv3D: (dy, saved, attributes) => denseGradients(dy, saved, attributes, 3),
  DepthwiseConv2dNative: depthwiseGradients,
};

/** Makes the gradients of convolutions accept dilations, where the registered ones don't. */
export function registerConvolutionGradients(): void {
  for (const [kernel, dilated] of Object.entries(CONVOLUTIONS)) {
    const config = gradientToExtend(kernel);
    if (!config) continue;
    extendGradient(config, (dy, saved, attributes) => {
      const own = attributes as unknown as ConvolutionAttributes;
      if (areOnes(own.dilations) || !areOnes(own.strides)) return config.gradFunc(dy, saved, attributes);
      return originalUnlessRefused(
        () => config.gradFunc(dy, saved, attributes),
        () => dilated(dy as tf.Tensor, saved, own),
      );
    });
  }
}

function areOnes(rates: number | readonly number[] | null | undefined): boolean {
  return [rates ?? 1].flat().every((rate) => rate === 1);
}

/** A gradient that someone else has registered may know dilations; tfjs's own refuses them with an error. */
function originalUnlessRefused(
  original: () => ReturnType<GradientFunction>,
  dilated: () => Gradients,
): ReturnType<GradientFunction> {
  try {
    return original();
  } catch (error) {
    if (error instanceof Error && /dilation/i.test(error.message)) return { ...dilated() };
    throw error;
  }
}

/** The gradients of Conv2D or Conv3D, channels last. Filter: [...size, inputs, outputs]. */
function denseGradients(
  dy: tf.Tensor,
  [x, filter]: tf.Tensor[],
  attributes: ConvolutionAttributes,
  axes: number,
): Gradients {
  const geometry = geometryOf(filter!.shape, attributes, axes);
  const { dilations, size, padding, back } = geometry;
  const spaceAxes = size.map((_, i) => i);
  return {
    x: () => {
      const reversed = tf.transpose(tf.reverse(filter!, spaceAxes), [...spaceAxes, axes + 1, axes]);
      return convolve(padSpace(dy, back), reversed, { dilations });
    },
    filter: () => {
      const inner = spaceAxes.map((axis) => axis + 1);
      const asBatch = tf.transpose(padSpace(x!, padding), [axes + 1, ...inner, 0]);
      const asFilter = tf.transpose(dy, [...inner, 0, axes + 1]);
      // [inputs, ...size, outputs]
      const taps = convolve(asBatch, asFilter, { strides: dilations });
      return tf.transpose(sliceSpace(taps, size), [...inner, 0, axes + 1]);
    },
  };
}

/** The gradients of a depthwise convolution. Filter: [height, width, channels, multiplier]. */
function depthwiseGradients(
  dy: tf.Tensor,
  [x, filter]: tf.Tensor[],
  attributes: ConvolutionAttributes,
): Gradients {
  const { dilations, size, padding, back } = geometryOf(filter!.shape, attributes, 2);
  const [height, width] = size as [number, number];
  const [channels, multiplier] = filter!.shape.slice(2) as [number, number];
  return {
    x: () => {
      const reversed = tf.reshape(tf.reverse(filter!, [0, 1]), [height, width, channels * multiplier, 1]);
      const each = tf.depthwiseConv2d(
        padSpace(dy, back) as tf.Tensor4D,
        reversed as tf.Tensor4D,
        1,
        'valid',
        'NHWC',
        dilations as [number, number],
      );
      if (multiplier === 1) return each;
      return tf.reshape(tf.sum(tf.reshape(each, [-1, channels, multiplier]), 2), x!.shape);
    },
    filter: () => {
      const padded = padSpace(x!, padding);
      const [batch, rows, columns] = dy.shape as [number, number, number];
      const ends = tf.reshape(dy, [-1, channels, multiplier]);
      const taps: tf.Tensor[] = [];
      for (let i = 0; i < height; i++) {
        for (let j = 0; j < width; j++) {
          const start = [0, i * dilations[0]!, j * dilations[1]!, 0];
          const seen = tf.slice(padded, start, [batch, rows, columns, channels]);
          taps.push(tf.sum(tf.mul(tf.reshape(seen, [-1, channels, 1]), ends), 0));
        }
      }
      return tf.reshape(tf.stack(taps), filter!.shape);
    },
  };
}

/** Padding of the input in the forward pass, and of dy in the backward pass, in front and behind along each axis. */
function geometryOf(
  filterShape: number[],
  { dilations, pad }: ConvolutionAttributes,
  axes: number,
): { dilations: number[]; size: number[]; padding: Padding; back: Padding } {
  const rates = Array.isArray(dilations) ? dilations : new Array<number>(axes).fill(dilations ?? 1);
  const size = filterShape.slice(0, axes);
  const spans = size.map((taps, i) => (taps - 1) * rates[i]!);
  const padding = spans.map((span, i): [number, number] => {
    if (pad === 'valid') return [0, 0];
    if (pad === 'same') return [Math.floor(span / 2), Math.ceil(span / 2)];
    if (typeof pad === 'number') return [pad, pad];
    return [pad[i + 1]![0], pad[i + 1]![1]];
  });
  const back = padding.map(([front, behind], i): [number, number] => [spans[i]! - front, spans[i]! - behind]);
  return { dilations: rates, size, padding, back };
}

/** A convolution over two or three axes, without padding. */
function convolve(
  x: tf.Tensor,
  filter: tf.Tensor,
  { strides, dilations }: { strides?: number[]; dilations?: number[] },
): tf.Tensor {
  if (x.rank === 4) {
    return tf.conv2d(
      x as tf.Tensor4D,
      filter as tf.Tensor4D,
      (strides ?? 1) as [number, number],
      'valid',
      'NHWC',
      (dilations ?? 1) as [number, number],
    );
  }
  return tf.conv3d(
    x as tf.Tensor5D,
    filter as tf.Tensor5D,
    (strides ?? 1) as [number, number, number],
    'valid',
    'NDHWC',
    (dilations ?? 1) as [number, number, number],
  );
}

/** Explicit padding lists one pair per axis in the order of the data format. */
function withPaddingLast(attributes: ConvolutionAttributes): ConvolutionAttributes {
  const { pad } = attributes;
  if (!Array.isArray(pad)) return attributes;
  const [batch, channels, ...space] = pad;
  return { ...attributes, pad: [batch!, ...space, channels!] };
}
