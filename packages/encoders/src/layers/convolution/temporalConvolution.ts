import type { LayerConfig } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import type { CostedLayer } from '../../cost/costedLayer.js';
import { sampleSize } from '../../cost/sampleSize.js';
import { checkCounts, checkedConfig, checkOdd } from '../../options.js';
import { torchKernel } from '../../torch/torchKernel.js';
import type { TorchLayer, TorchWeight } from '../../torch/torchWeights.js';
import { heNormal } from './heNormal.js';

/** Config of {@link TemporalConvolution}. */
export interface TemporalConvolutionConfig extends LayerConfig {
  /** Number of output channels. */
  filters: number;
  /** Frames that the kernel spans; odd. Default 9. */
  kernelSize?: number;
  /** Default 1. */
  stride?: number;
  /** Frames from one tap of the kernel to the next. Default 1. */
  dilation?: number;
  /** Seed of the initial weights. */
  seed?: number;
}

/**
 * Convolution along the frames of each joint separately, with bias, padded on both sides by half the kernel's span, which
 * is dilation (kernelSize - 1) + 1 frames.
 *
 * In: [batch, persons, frames, joints, C]. Out: [batch, persons, ceil(frames / stride), joints, filters]. Kernel:
 * [kernelSize, 1, C, filters]. With kernelSize 1 the layer is the pointwise convolution of a residual branch.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { TemporalConvolution } from '@amr/encoders';
 *
 * const conv = new TemporalConvolution({ filters: 8, stride: 2 });
 * console.log((conv.apply(tf.ones([1, 2, 10, 25, 3])) as tf.Tensor).shape); // [1, 2, 5, 25, 8]
 * ```
 */
export class TemporalConvolution extends layers.Layer implements TorchLayer, CostedLayer {
  /** The name that saved models know this layer by. */
  static readonly className = 'TemporalConvolution';
  /** See {@link TemporalConvolutionConfig.filters}. */
  readonly filters: number;
  /** See {@link TemporalConvolutionConfig.kernelSize}. */
  readonly kernelSize: number;
  /** See {@link TemporalConvolutionConfig.stride}. */
  readonly stride: number;
  /** See {@link TemporalConvolutionConfig.dilation}. */
  readonly dilation: number;
  /** See {@link TemporalConvolutionConfig.seed}. */
  readonly seed: number | undefined;
  #kernel!: LayerVariable;
  #bias!: LayerVariable;

  /** @throws {EncoderConfigError} when the kernel's size is even, or another number is not a whole number from 1 */
  constructor(config: TemporalConvolutionConfig) {
    super(
      checkedConfig('TemporalConvolution', config, {
        filters: true,
        kernelSize: true,
        stride: true,
        dilation: true,
        seed: true,
      }),
    );
    this.filters = config.filters;
    this.kernelSize = config.kernelSize ?? 9;
    this.stride = config.stride ?? 1;
    this.dilation = config.dilation ?? 1;
    this.seed = config.seed;
    const { filters, stride, dilation } = this;
    checkCounts('TemporalConvolution', { filters, stride, dilation });
    checkOdd('TemporalConvolution.kernelSize', this.kernelSize);
  }

  override build(inputShape: Shape): void {
    this.#kernel = this.addWeight(
      'kernel',
      [this.kernelSize, 1, inputShape[4]!, this.filters],
      'float32',
      heNormal(this.seed),
    );
    this.#bias = this.addWeight('bias', [this.filters], 'float32', initializers.zeros());
    super.build(inputShape);
  }

  override computeOutputShape([batch, persons, frames, joints]: Shape): Shape {
    const strided = frames == null ? null : Math.ceil(frames / this.stride);
    return [batch!, persons!, strided, joints!, this.filters];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor5D;
      const [batch, persons, frames, joints, channels] = x.shape;
      const bodies = tf.reshape(x, [batch * persons, frames, joints, channels]) as tf.Tensor4D;
      const y = this.dilation === 1 ? this.#convolve(bodies, this.stride) : this.#dilated(bodies);
      return tf.reshape(tf.add(y, this.#bias.read() as tf.Tensor1D), [
        batch,
        persons,
        y.shape[1],
        joints,
        this.filters,
      ]);
    });
  }

  #convolve(x: tf.Tensor4D, stride: number): tf.Tensor4D {
    const half = (this.kernelSize - 1) / 2;
    return tf.conv2d(
      x,
      this.#kernel.read() as tf.Tensor4D,
      [stride, 1],
      [[0, 0], [half, half], [0, 0], [0, 0]], // biome-ignore format: one pair per axis
    );
  }

  /**
   * The dilated convolution, for which tfjs has no gradient. It only combines frames whose distance is a multiple of the
   * dilation. So `dilation` successive frames become one frame with that many times the joints, and a plain convolution
   * over these frames gives the result.
   */
  #dilated(x: tf.Tensor4D): tf.Tensor4D {
    const [bodies, frames, joints, channels] = x.shape;
    const { dilation, stride, filters } = this;
    const count = Math.ceil(frames / stride);
    const rows = tf.reshape(x, [bodies, frames, joints * channels]) as tf.Tensor3D;
    // When the stride divides the dilation, no output needs the frames between the strides.
    const strideFirst = dilation % stride === 0;
    const input = strideFirst ? stridedFrames(rows, stride) : rows;
    const distance = strideFirst ? dilation / stride : dilation;
    const groups = Math.ceil(input.shape[1] / distance);
    const padded = padFrames(input, groups * distance - input.shape[1]);
    const grouped = tf.reshape(padded, [bodies, groups, distance * joints, channels]) as tf.Tensor4D;
    const y = tf.reshape(this.#convolve(grouped, 1), [bodies, groups * distance, joints * filters]);
    const output = tf.slice(y as tf.Tensor3D, [0, 0, 0], [bodies, input.shape[1], joints * filters]);
    return tf.reshape(strideFirst ? output : stridedFrames(output, stride), [bodies, count, joints, filters]);
  }

  /** See {@link CostedLayer.multiplyAdds}. */
  multiplyAdds(inputShape: Shape | Shape[], outputShape: Shape | Shape[]): number {
    return sampleSize(outputShape as Shape) * this.kernelSize * (inputShape as Shape)[4]!;
  }

  /** The weights of PyTorch's `Conv2d` with kernel [kernelSize, 1]: [filters, C, kernelSize, 1]. */
  torchWeights(): { [weight: string]: TorchWeight } {
    return { kernel: torchKernel(this.#kernel.shape), bias: { name: 'bias', shape: [this.filters] } };
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { filters, kernelSize, stride, dilation, seed } = this;
    return {
      ...super.getConfig(),
      filters,
      kernelSize,
      stride,
      dilation,
      ...(seed === undefined ? {} : { seed }),
    };
  }
}
tf.serialization.registerClass(TemporalConvolution);

/** Frames 0, step, 2 step, ... of [bodies, frames, width]. A slice of rank 3, since a strided slice has no gradient. */
function stridedFrames(x: tf.Tensor3D, step: number): tf.Tensor3D {
  if (step === 1) return x;
  const [bodies, frames, width] = x.shape;
  const count = Math.ceil(frames / step);
  const groups = tf.reshape(padFrames(x, count * step - frames), [bodies, count, step * width]);
  return tf.slice(groups as tf.Tensor3D, [0, 0, 0], [bodies, count, width]);
}

/** [bodies, frames, width] with so many frames of zeros at the end. */
function padFrames(x: tf.Tensor3D, count: number): tf.Tensor3D {
  return count === 0 ? x : tf.pad(x, [[0, 0], [0, count], [0, 0]]); // biome-ignore format: one pair per axis
}
