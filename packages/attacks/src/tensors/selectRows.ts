import * as tf from '@tensorflow/tfjs-core';

/**
 * One matrix's rows where `condition` is 1 or true, `[rows]`, the other's elsewhere; the entries of both must be finite.
 * As a product and not by tf.where, which would tile the flags first: ten times the time on wasm.
 */
export function selectRows(condition: tf.Tensor1D, one: tf.Tensor2D, other: tf.Tensor2D): tf.Tensor2D {
  const share = tf.cast(tf.reshape(condition, [-1, 1]), 'float32');
  return tf.add(tf.mul(one, share), tf.mul(other, tf.sub(1, share)));
}
