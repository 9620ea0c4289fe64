import * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { channelMeans } from '../math/channelMeans.js';
import { checkedConfig, type LayerConfig, type OwnKeys } from '../options.js';
import { totalChannels } from './featureShapes.js';
import { type FusionRole, JointFusion } from './fusionLayer.js';

/** Options of {@link ConcatFusion}: those of every tfjs layer, such as `name`. */
export interface ConcatFusionConfig extends LayerConfig {}

/**
 * Fusion by concatenation: the concatenated means of the modalities' features over all axes but batch and channel.
 * It has no weights, and is the baseline that the other fusions are compared with.
 *
 * In: two or more [batch, ..., C_m] of rank >= 2. Out: [batch, C_1 + ... + C_M], in the order of the inputs.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { ConcatFusion } from '@amr/layers';
 *
 * const fused = new ConcatFusion().apply([tf.ones([2, 4, 7, 7, 16]), tf.ones([2, 8, 25, 12])]);
 * console.log(fused.shape); // [2, 28]
 * ```
 */
export class ConcatFusion extends JointFusion {
  /** The name of the class in saved models. */
  static readonly className = 'ConcatFusion';

  /** @throws {LayerError} for an unknown option */
  constructor(config: ConcatFusionConfig = {}) {
    super(checkedConfig('ConcatFusion', config, OWN_KEYS));
  }

  override get role(): FusionRole {
    return 'fuse';
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const shapes = this.shapesOf(inputShape);
    return [shapes[0]![0] ?? null, totalChannels(shapes)];
  }

  override multiplyAdds(): number {
    return 0;
  }

  protected override fuse(features: tf.Tensor[]): tf.Tensor {
    return tf.concat(features.map(channelMeans), 1);
  }
}
tf.serialization.registerClass(ConcatFusion);

const OWN_KEYS: OwnKeys<ConcatFusionConfig> = {};
