import * as tf from '@tensorflow/tfjs-core';
import { shown, ThreatModelError } from '../../errors.js';
import { broadcastsTo } from '../../tensors/broadcastsTo.js';

/** Which entries of an input an attack may write: a tensor of 1 and 0 that has the input's shape or broadcasts to it. */
export type Mask = (x: tf.Tensor) => tf.Tensor;

/**
 * A mask on an input, float32 in the input's shape.
 * @param what what the mask is called in messages
 * @throws {ThreatModelError} when it doesn't broadcast to the input
 */
export function maskOn(mask: tf.Tensor | Mask, x: tf.Tensor, what: string): tf.Tensor {
  return tf.tidy(() => {
    const given = typeof mask === 'function' ? mask(x) : mask;
    if (!(given instanceof tf.Tensor && broadcastsTo(given, x))) {
      throw new ThreatModelError(
        `${what} is ${shown(given)}; expected the input's shape ${shown(x.shape)} or one that broadcasts to it.`,
      );
    }
    const numbers = tf.cast(given, 'float32');
    return tf.util.arraysEqual(given.shape, x.shape) ? numbers : tf.mul(numbers, tf.ones(x.shape));
  });
}
