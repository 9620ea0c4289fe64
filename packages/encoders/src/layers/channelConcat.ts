import type { LayerConfig } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { checkedConfig } from '../options.js';

/**
 * Concatenates tensors along the last axis, the only one in which their shapes may differ. tfjs's own layer computes the
 * same; this one does it at rank 2, since the gradient of a concatenation at rank 5 is slow on wasm.
 *
 * In: [[batch, ..., C_1], [batch, ..., C_2], ...]. Out: [batch, ..., C_1 + C_2 + ...].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { ChannelConcat } from '@amr/encoders';
 *
 * const branches = [tf.ones([1, 2, 4, 25, 3]), tf.zeros([1, 2, 4, 25, 5])];
 * console.log((new ChannelConcat({}).apply(branches) as tf.Tensor).shape); // [1, 2, 4, 25, 8]
 * ```
 */
export class ChannelConcat extends layers.Layer {
  /** The name that saved models know this layer by. */
  static readonly className = 'ChannelConcat';

  /** @param config the options of every tfjs layer */
  constructor(config: LayerConfig = {}) {
    super(checkedConfig('ChannelConcat', config, {}));
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const shapes = inputShape as Shape[];
    const channels = shapes.reduce((sum, shape) => sum + shape[shape.length - 1]!, 0);
    return [...shapes[0]!.slice(0, -1), channels];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const branches = (Array.isArray(inputs) ? inputs : [inputs]) as tf.Tensor[];
      const rows = branches.map((x) => tf.reshape(x, [-1, x.shape[x.rank - 1]!]) as tf.Tensor2D);
      const concatenated = tf.concat(rows, 1);
      return tf.reshape(concatenated, [...branches[0]!.shape.slice(0, -1), concatenated.shape[1]]);
    });
  }
}
tf.serialization.registerClass(ChannelConcat);
