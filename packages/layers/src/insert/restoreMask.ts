import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { checkedConfig, type LayerConfig } from '../options.js';

/**
 * Restores the mask of features: the output is the first input unchanged, with the mask of the second input, or with no
 * mask when there is no second. It is needed behind a layer with several outputs, because tfjs gives all of them the first
 * mask that the layer makes. `insertAmr` adds these layers by itself where there are masks. Features [batch, ...] in, the
 * same out; no weights, no other options than those of every layer.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { RestoreMask } from '@amr/layers';
 *
 * const features = tf.ones([2, 3, 4]);
 * console.log((new RestoreMask().apply([features, tf.zeros([2, 3, 4])]) as tf.Tensor).shape); // [2, 3, 4]
 * ```
 */
export class RestoreMask extends layers.Layer {
  /** The name of the class in saved models. */
  static readonly className = 'RestoreMask';

  /**
   * @param config the options of every tfjs layer, such as `name`
   * @throws {LayerError} for an unknown option
   */
  constructor(config: LayerConfig = {}) {
    super(checkedConfig('RestoreMask', config, {}));
    this.supportsMasking = true;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return (Array.isArray(inputShape[0]) ? inputShape[0] : inputShape) as Shape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { mask?: unknown } = {}): tf.Tensor {
    // tfjs passes the last mask that it met to every later layer whose own input has none, through this object.
    if ([inputs].flat().length === 1) kwargs.mask = undefined;
    return tf.tidy(() => tf.clone([inputs].flat()[0]!));
  }

  /** The second input's mask, or null. */
  override computeMask(_: tf.Tensor | tf.Tensor[], mask?: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return ((Array.isArray(mask) ? mask[1] : null) ?? null) as tf.Tensor;
  }
}
tf.serialization.registerClass(RestoreMask);
