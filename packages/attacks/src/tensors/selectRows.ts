import * as tf from '@tensorflow/tfjs-core';

/**
 * The rows of `one` where `condition` is 1 or true, `[rows]`, and those of `other` elsewhere. The entries of both must be
 * finite: the selection is a product, as tf.where would tile the flags first, which takes ten times as long on wasm.
 */
export function selectRows(condition: tf.Tensor1D, one: tf.Tensor2D, other: tf.Tensor2D): tf.Tensor2D {
  const share = tf.cast(tf.reshape(condition, [-1, 1]), 'float32');
  return tf.add(tf.mul(one, share), tf.mul(other, tf.sub(1, share)));
}
