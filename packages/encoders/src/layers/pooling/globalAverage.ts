import { channelMeans, type LayerConfig } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { checkedConfig } from '../../options.js';

/**
 * Mean over all axes except the batch and the channels, at any rank: [batch, ..., C] to [batch, C].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { GlobalAverage } from '@amr/encoders';
 *
 * console.log((new GlobalAverage({}).apply(tf.ones([2, 4, 7, 7, 16])) as tf.Tensor).shape); // [2, 16]
 * ```
 */
export class GlobalAverage extends layers.Layer {
  /** The name that saved models know this layer by. */
  static readonly className = 'GlobalAverage';

  /** @param config the options of every tfjs layer */
  constructor(config: LayerConfig = {}) {
    super(checkedConfig('GlobalAverage', config, {}));
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return [inputShape[0] ?? null, inputShape[inputShape.length - 1]!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return channelMeans((Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor);
  }
}
tf.serialization.registerClass(GlobalAverage);
