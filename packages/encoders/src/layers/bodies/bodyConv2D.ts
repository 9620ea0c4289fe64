import type { LayerConfig } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import type { CostedLayer } from '../../cost/costedLayer.js';
import { sampleSize } from '../../cost/sampleSize.js';
import { checkCount, checkedConfig, checkOdd } from '../../options.js';
import { torchKernel } from '../../torch/torchKernel.js';
import type { TorchLayer, TorchWeight } from '../../torch/torchWeights.js';
import { heNormal } from '../convolution/heNormal.js';

/** Config of {@link BodyConv2D}. */
export interface BodyConv2DConfig extends LayerConfig {
  /** Number of output channels. */
  filters: number;
  /** Height and width of the kernel; odd. Default 3. */
  kernelSize?: number;
  /** Seed of the initial weights. */
  seed?: number;
}

/**
 * 2D convolution of each body's map of features, with bias, padded by half the kernel on all sides.
 *
 * In: [batch, persons, height, width, C]. Out: [batch, persons, height, width, filters]. Kernel: [kernelSize,
 * kernelSize, C, filters].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { BodyConv2D } from '@amr/encoders';
 *
 * console.log((new BodyConv2D({ filters: 8 }).apply(tf.ones([1, 2, 4, 6, 3])) as tf.Tensor).shape); // [1, 2, 4, 6, 8]
 * ```
 */
export class BodyConv2D extends layers.Layer implements TorchLayer, CostedLayer {
  /** The name that saved models know this layer by. */
  static readonly className = 'BodyConv2D';
  /** See {@link BodyConv2DConfig.filters}. */
  readonly filters: number;
  /** See {@link BodyConv2DConfig.kernelSize}. */
  readonly kernelSize: number;
  /** See {@link BodyConv2DConfig.seed}. */
  readonly seed: number | undefined;
  #kernel!: LayerVariable;
  #bias!: LayerVariable;

  /** @throws {EncoderConfigError} when the kernel's size is even, or filters is not a whole number from 1 */
  constructor(config: BodyConv2DConfig) {
    super(checkedConfig('BodyConv2D', config, { filters: true, kernelSize: true, seed: true }));
    this.filters = config.filters;
    this.kernelSize = config.kernelSize ?? 3;
    this.seed = config.seed;
    checkCount('BodyConv2D.filters', this.filters);
    checkOdd('BodyConv2D.kernelSize', this.kernelSize);
  }

  override build(inputShape: Shape): void {
    const { kernelSize, filters, seed } = this;
    const shape = [kernelSize, kernelSize, inputShape[4]!, filters];
    this.#kernel = this.addWeight('kernel', shape, 'float32', heNormal(seed));
    this.#bias = this.addWeight('bias', [filters], 'float32', initializers.zeros());
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return [...inputShape.slice(0, 4), this.filters];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor5D;
      const [batch, persons, height, width, channels] = x.shape;
      const maps = tf.reshape(x, [batch * persons, height, width, channels]) as tf.Tensor4D;
      const y = tf.conv2d(maps, this.#kernel.read() as tf.Tensor4D, 1, 'same');
      return tf.reshape(tf.add(y, this.#bias.read() as tf.Tensor1D), [
        batch,
        persons,
        height,
        width,
        this.filters,
      ]);
    });
  }

  /** See {@link CostedLayer.multiplyAdds}. */
  multiplyAdds(inputShape: Shape | Shape[], outputShape: Shape | Shape[]): number {
    return sampleSize(outputShape as Shape) * this.kernelSize ** 2 * (inputShape as Shape)[4]!;
  }

  /** Those of PyTorch's `Conv2d`. */
  torchWeights(): { [weight: string]: TorchWeight } {
    return { kernel: torchKernel(this.#kernel.shape), bias: { name: 'bias', shape: [this.filters] } };
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { filters, kernelSize, seed } = this;
    return { ...super.getConfig(), filters, kernelSize, ...(seed === undefined ? {} : { seed }) };
  }
}
tf.serialization.registerClass(BodyConv2D);
