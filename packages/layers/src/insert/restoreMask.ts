import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';

/**
 * Gives features the mask that they should have: the first input goes through as it is, with the mask of the second
 * input, or with none when there is no second. tfjs puts the first mask that a layer of several outputs makes on all
 * of them, so behind such a layer each output has to get its own back. {@link insertAmr} adds these layers by itself,
 * where masks are in play. Features [batch, ...] in, the same out; no weights, no options.
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
  /** The name that saved models know this layer by. */
  static readonly className = 'RestoreMask';

  /** Takes tfjs's own layer options. */
  constructor(config: ConstructorParameters<typeof layers.Layer>[0] = {}) {
    super(config);
    this.supportsMasking = true;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return (Array.isArray(inputShape[0]) ? inputShape[0] : inputShape) as Shape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { mask?: unknown } = {}): tf.Tensor {
    // tfjs hands the last mask it met to every later layer whose own input has none, through this very object.
    if ([inputs].flat().length === 1) kwargs.mask = undefined;
    return tf.tidy(() => tf.clone([inputs].flat()[0]!));
  }

  /** The second input's mask, or null. */
  override computeMask(_: tf.Tensor | tf.Tensor[], mask?: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return ((Array.isArray(mask) ? mask[1] : null) ?? null) as tf.Tensor;
  }
}
tf.serialization.registerClass(RestoreMask);
