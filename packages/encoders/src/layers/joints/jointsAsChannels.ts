import type { LayerConfig } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { checkedConfig } from '../../options.js';

/**
 * Swaps joints and channels, the step of HCN (Li et al., IJCAI 2018, section 3.1) after which a convolution spans all
 * joints: [batch, persons, frames, joints, C] to [batch, persons, frames, C, joints].
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { JointsAsChannels } from '@amr/encoders';
 *
 * console.log((new JointsAsChannels({}).apply(tf.ones([1, 2, 4, 25, 8])) as tf.Tensor).shape); // [1, 2, 4, 8, 25]
 * ```
 */
export class JointsAsChannels extends layers.Layer {
  /** The name that saved models know this layer by. */
  static readonly className = 'JointsAsChannels';

  /** @param config the options of every tfjs layer */
  constructor(config: LayerConfig = {}) {
    super(checkedConfig('JointsAsChannels', config, {}));
  }

  override computeOutputShape([batch, persons, frames, joints, channels]: Shape): Shape {
    return [batch!, persons!, frames!, channels!, joints!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor5D;
      const [batch, persons, frames, joints, channels] = x.shape;
      const rows = tf.reshape(x, [batch * persons * frames, joints, channels]);
      return tf.reshape(tf.transpose(rows, [0, 2, 1]), [batch, persons, frames, channels, joints]);
    });
  }
}
tf.serialization.registerClass(JointsAsChannels);
