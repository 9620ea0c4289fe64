import { channelMeans, type LayerConfig, seeds } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import type { CostedLayer } from '../cost/costedLayer.js';
import { checkedConfig, checkPositive } from '../options.js';
import type { TorchLayer, TorchWeight } from '../torch/torchWeights.js';

/** Config of {@link SqueezeExcitation}. */
export interface SqueezeExcitationConfig extends LayerConfig {
  /** Channels of the hidden layer as a share of the input's, see {@link squeezedWidth}. Above 0; default 1/16, as in X3D. */
  ratio?: number;
  /** Seed of the initial weights. */
  seed?: number;
}

/**
 * Squeeze-and-excitation (Hu, Shen & Sun, CVPR 2018, eq. 2-4): each channel is scaled by a gate that a small network
 * computes from the means of all channels: F' = sigmoid(V relu(W s + b) + c) * F, with s the mean of F over all axes
 * but batch and channel.
 *
 * In and out: [batch, ..., C], rank 2 or more. W: [C, R], V: [R, C], with R the {@link squeezedWidth} of C.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { SqueezeExcitation } from '@amr/encoders';
 *
 * const gated = new SqueezeExcitation().apply(tf.ones([1, 4, 8, 8, 54])) as tf.Tensor;
 * console.log(gated.shape); // [1, 4, 8, 8, 54]
 * ```
 */
export class SqueezeExcitation extends layers.Layer implements CostedLayer, TorchLayer {
  /** The name that saved models know this layer by. */
  static readonly className = 'SqueezeExcitation';
  /** See {@link SqueezeExcitationConfig.ratio}. */
  readonly ratio: number;
  /** See {@link SqueezeExcitationConfig.seed}. */
  readonly seed: number | undefined;
  #squeezeKernel!: LayerVariable;
  #squeezeBias!: LayerVariable;
  #exciteKernel!: LayerVariable;
  #exciteBias!: LayerVariable;

  /** @throws {EncoderConfigError} when the ratio is not a finite number above 0 */
  constructor(config: SqueezeExcitationConfig = {}) {
    super(checkedConfig('SqueezeExcitation', config, { ratio: true, seed: true }));
    this.ratio = config.ratio ?? 1 / 16;
    this.seed = config.seed;
    checkPositive('SqueezeExcitation.ratio', this.ratio);
  }

  override build(inputShape: Shape): void {
    const channels = inputShape.at(-1)!;
    const width = squeezedWidth(channels, this.ratio);
    const zeros = initializers.zeros();
    const next = seeds(this.seed);
    const heNormal = () => initializers.heNormal({ seed: next() });
    this.#squeezeKernel = this.addWeight('squeezeKernel', [channels, width], 'float32', heNormal());
    this.#squeezeBias = this.addWeight('squeezeBias', [width], 'float32', zeros);
    this.#exciteKernel = this.addWeight('exciteKernel', [width, channels], 'float32', heNormal());
    this.#exciteBias = this.addWeight('exciteBias', [channels], 'float32', zeros);
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor;
      const product = (rows: tf.Tensor2D, kernel: LayerVariable, bias: LayerVariable) =>
        tf.add(tf.matMul(rows, kernel.read() as tf.Tensor2D), bias.read()) as tf.Tensor2D;
      const hidden = tf.relu(product(channelMeans(x), this.#squeezeKernel, this.#squeezeBias));
      const gates = tf.sigmoid(product(hidden, this.#exciteKernel, this.#exciteBias));
      const [batch, channels] = gates.shape;
      const gated = tf.mul(tf.reshape(x, [batch, -1, channels]), tf.reshape(gates, [batch, 1, channels]));
      return tf.reshape(gated, x.shape);
    });
  }

  /** See {@link CostedLayer.multiplyAdds}. */
  multiplyAdds(inputShape: Shape | Shape[]): number {
    const channels = (inputShape as Shape).at(-1)!;
    return 2 * channels * squeezedWidth(channels, this.ratio);
  }

  /** The weights of two pointwise `Conv3d` with bias, `block.0` and `block.2`, as in fvcore's SqueezeExcitation. */
  torchWeights(): { [weight: string]: TorchWeight } {
    const [channels, width] = this.#squeezeKernel.shape as [number, number];
    const pointwise = (weight: tf.Tensor) => tf.transpose(tf.squeeze(weight, [2, 3, 4]));
    return {
      squeezeKernel: { name: 'block.0.weight', shape: [width, channels, 1, 1, 1], from: pointwise },
      squeezeBias: { name: 'block.0.bias', shape: [width] },
      exciteKernel: { name: 'block.2.weight', shape: [channels, width, 1, 1, 1], from: pointwise },
      exciteBias: { name: 'block.2.bias', shape: [channels] },
    };
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { ratio, seed } = this;
    return { ...super.getConfig(), ratio, ...(seed === undefined ? {} : { seed }) };
  }
}
tf.serialization.registerClass(SqueezeExcitation);

/**
 * Channels of the hidden layer, rounded as in X3D: the nearest multiple of 8, at least 8 and at least nine tenths of
 * channels * ratio.
 *
 * @example
 * ```ts
 * import { squeezedWidth } from '@amr/encoders';
 *
 * console.log([54, 108, 216, 432].map((channels) => squeezedWidth(channels, 1 / 16))); // [8, 8, 16, 32]
 * ```
 */
export function squeezedWidth(channels: number, ratio: number): number {
  const exact = channels * ratio;
  const width = Math.max(8, Math.floor((exact + 4) / 8) * 8);
  return width < 0.9 * exact ? width + 8 : width;
}
