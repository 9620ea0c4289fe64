import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { checkBoolean, checkOneOf, type LayerConfig } from '../../options.js';

/** Config of {@link GlobalAveragePooling3D} and {@link GlobalMaxPooling3D}. */
export interface GlobalPooling3DConfig extends LayerConfig {
  /** Default 'channelsLast'. */
  dataFormat?: 'channelsLast' | 'channelsFirst';
  /** Whether the axes that are pooled stay, with length 1. Default false. */
  keepdims?: boolean;
}

abstract class GlobalPooling3D extends layers.Layer {
  /** See {@link GlobalPooling3DConfig.dataFormat}. */
  readonly dataFormat: 'channelsLast' | 'channelsFirst';
  /** See {@link GlobalPooling3DConfig.keepdims}. */
  readonly keepdims: boolean;

  // Keys that Keras adds are ignored, as tfjs's own layers do.
  constructor(config: GlobalPooling3DConfig = {}) {
    super(config);
    this.dataFormat = config.dataFormat ?? 'channelsLast';
    this.keepdims = config.keepdims ?? false;
    checkOneOf(`${this.name}.dataFormat`, this.dataFormat, ['channelsLast', 'channelsFirst']);
    checkBoolean(`${this.name}.keepdims`, this.keepdims);
    this.inputSpec = [{ ndim: 5 }];
  }

  /** Pools over these axes. */
  protected abstract pool(x: tf.Tensor, axes: number[], keepDims: boolean): tf.Tensor;

  get #axes(): [number, number, number] {
    return this.dataFormat === 'channelsLast' ? [1, 2, 3] : [2, 3, 4];
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const axes: number[] = this.#axes;
    if (this.keepdims) return inputShape.map((length, axis) => (axes.includes(axis) ? 1 : length));
    return inputShape.filter((_, axis) => !axes.includes(axis));
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => this.pool(Array.isArray(inputs) ? inputs[0]! : inputs, this.#axes, this.keepdims));
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { dataFormat, keepdims } = this;
    return { ...super.getConfig(), dataFormat, keepdims };
  }
}

/**
 * The mean over frames, rows and columns: [batch, frames, height, width, channels] becomes [batch, channels]. As in Keras;
 * tfjs-layers has no such layer.
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { GlobalAveragePooling3D } from '@amr/layers/keras';
 *
 * console.log((new GlobalAveragePooling3D().apply(tf.ones([2, 4, 8, 8, 3])) as tf.Tensor).shape); // [2, 3]
 * ```
 */
export class GlobalAveragePooling3D extends GlobalPooling3D {
  /** The name that saved models know this layer by. */
  static readonly className = 'GlobalAveragePooling3D';

  protected override pool(x: tf.Tensor, axes: number[], keepDims: boolean): tf.Tensor {
    return tf.mean(x, axes, keepDims);
  }
}
tf.serialization.registerClass(GlobalAveragePooling3D);

/** The maximum over frames, rows and columns, otherwise like {@link GlobalAveragePooling3D}. */
export class GlobalMaxPooling3D extends GlobalPooling3D {
  /** The name that saved models know this layer by. */
  static readonly className = 'GlobalMaxPooling3D';

  protected override pool(x: tf.Tensor, axes: number[], keepDims: boolean): tf.Tensor {
    return tf.max(x, axes, keepDims);
  }
}
tf.serialization.registerClass(GlobalMaxPooling3D);
