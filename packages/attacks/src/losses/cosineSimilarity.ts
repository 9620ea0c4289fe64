import * as tf from '@tensorflow/tfjs-core';

/**
 * Cosine of the angle between vectors, a . b / (|a| |b|), along the last axis. A vector of zeros has similarity 0 to
 * all others, and no gradient: a rectified layer may well give one.
 * @param a `[..., channels]`
 * @param b the same shape
 * @returns `[...]`, in [-1, 1] but for rounding
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { cosineSimilarity } from '@amr/attacks';
 * const similarity = cosineSimilarity(tf.tensor2d([[3, 0], [0, 0]]), tf.tensor2d([[1, 1], [1, 1]]));
 * console.log(await similarity.data()); // 0.707, 0
 * ```
 */
export function cosineSimilarity(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.sum(tf.mul(unit(a), unit(b)), -1));
}

/** Vectors along the last axis at length 1, zeros as they are. */
function unit(x: tf.Tensor): tf.Tensor {
  const squares = tf.sum(tf.square(x), -1, true);
  // The root's gradient at 0 would be infinite, and 0 times infinity not a number.
  return tf.div(x, tf.sqrt(tf.where(tf.greater(squares, 0), squares, tf.onesLike(squares))));
}
