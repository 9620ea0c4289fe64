import type { LayerConfig } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { checkedConfig } from '../../options.js';

/**
 * Maximum over 2 x 2 windows of each body's map of features. It leaves out a last odd row or column, as PyTorch's
 * `MaxPool2d(2)` does.
 *
 * In: [batch, persons, height, width, C]. Out: [batch, persons, floor(height / 2), floor(width / 2), C].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { BodyMaxPool } from '@amr/encoders';
 *
 * const x = tf.tensor5d([1, 2, 3, 4], [1, 1, 2, 2, 1]);
 * console.log((new BodyMaxPool({}).apply(x) as tf.Tensor).dataSync()); // 4
 * ```
 */
export class BodyMaxPool extends layers.Layer {
  /** The name that saved models know this layer by. */
  static readonly className = 'BodyMaxPool';

  /** @param config the options of every tfjs layer */
  constructor(config: LayerConfig = {}) {
    super(checkedConfig('BodyMaxPool', config, {}));
  }

  override computeOutputShape([batch, persons, height, width, channels]: Shape): Shape {
    const half = (size: number | null | undefined) => (size == null ? null : Math.floor(size / 2));
    return [batch!, persons!, half(height), half(width), channels!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor5D;
      const [batch, persons, height, width, channels] = x.shape;
      const maps = tf.reshape(x, [batch * persons, height, width, channels]) as tf.Tensor4D;
      const y = tf.maxPool(maps, 2, 2, 'valid');
      return tf.reshape(y, [batch, persons, y.shape[1], y.shape[2], channels]);
    });
  }
}
tf.serialization.registerClass(BodyMaxPool);
