import type { LayerConfig } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import type { CostedLayer } from '../../cost/costedLayer.js';
import { sampleSize } from '../../cost/sampleSize.js';
import { checkCounts, checkedConfig } from '../../options.js';
import { torchKernel } from '../../torch/torchKernel.js';
import type { TorchLayer, TorchWeight } from '../../torch/torchWeights.js';
import { heNormal } from './heNormal.js';

/** Config of {@link SequenceConvolution}. */
export interface SequenceConvolutionConfig extends LayerConfig {
  /** Number of output channels. */
  filters: number;
  /** Frames that the kernel spans. Default 3. */
  kernelSize?: number;
  /** Seed of the initial weights. */
  seed?: number;
}

/**
 * 1D convolution along a sequence, with bias, padded so that the length stays the same: by half the kernel on both sides,
 * and for an even kernel by one more at the end, as PyTorch's `padding='same'`. It is computed as a 2D convolution of height
 * 1, which trains on every backend.
 *
 * In: [batch, frames, C]. Out: [batch, frames, filters]. Kernel: [kernelSize, C, filters].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { SequenceConvolution } from '@amr/encoders';
 *
 * const conv = new SequenceConvolution({ filters: 8, kernelSize: 5 });
 * console.log((conv.apply(tf.ones([1, 50, 6])) as tf.Tensor).shape); // [1, 50, 8]
 * ```
 */
export class SequenceConvolution extends layers.Layer implements TorchLayer, CostedLayer {
  /** The name that saved models know this layer by. */
  static readonly className = 'SequenceConvolution';
  /** See {@link SequenceConvolutionConfig.filters}. */
  readonly filters: number;
  /** See {@link SequenceConvolutionConfig.kernelSize}. */
  readonly kernelSize: number;
  /** See {@link SequenceConvolutionConfig.seed}. */
  readonly seed: number | undefined;
  #kernel!: LayerVariable;
  #bias!: LayerVariable;

  /** @throws {EncoderConfigError} when filters or kernelSize is not a whole number from 1 */
  constructor(config: SequenceConvolutionConfig) {
    super(checkedConfig('SequenceConvolution', config, { filters: true, kernelSize: true, seed: true }));
    this.filters = config.filters;
    this.kernelSize = config.kernelSize ?? 3;
    this.seed = config.seed;
    checkCounts('SequenceConvolution', { filters: this.filters, kernelSize: this.kernelSize });
  }

  override build(inputShape: Shape): void {
    const { kernelSize, filters, seed } = this;
    const shape = [kernelSize, inputShape[2]!, filters];
    this.#kernel = this.addWeight('kernel', shape, 'float32', heNormal(seed));
    this.#bias = this.addWeight('bias', [filters], 'float32', initializers.zeros());
    super.build(inputShape);
  }

  override computeOutputShape([batch, frames]: Shape): Shape {
    return [batch!, frames!, this.filters];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor3D;
      const [batch, frames, channels] = x.shape;
      const { kernelSize, filters } = this;
      const before = Math.floor((kernelSize - 1) / 2);
      const y = tf.conv2d(
        tf.reshape(x, [batch, 1, frames, channels]) as tf.Tensor4D,
        tf.reshape(this.#kernel.read(), [1, kernelSize, channels, filters]) as tf.Tensor4D,
        1,
        [[0, 0], [0, 0], [before, kernelSize - 1 - before], [0, 0]], // biome-ignore format: one pair per axis
      );
      return tf.reshape(tf.add(y, this.#bias.read() as tf.Tensor1D), [batch, frames, filters]);
    });
  }

  /** See {@link CostedLayer.multiplyAdds}. */
  multiplyAdds(inputShape: Shape | Shape[], outputShape: Shape | Shape[]): number {
    return sampleSize(outputShape as Shape) * this.kernelSize * (inputShape as Shape)[2]!;
  }

  /** The weights of PyTorch's `Conv1d`: [filters, C, kernelSize]. */
  torchWeights(): { [weight: string]: TorchWeight } {
    return { kernel: torchKernel(this.#kernel.shape), bias: { name: 'bias', shape: [this.filters] } };
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { filters, kernelSize, seed } = this;
    return { ...super.getConfig(), filters, kernelSize, ...(seed === undefined ? {} : { seed }) };
  }
}
tf.serialization.registerClass(SequenceConvolution);
