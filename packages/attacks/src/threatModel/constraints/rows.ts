import * as tf from '@tensorflow/tfjs-core';

/**
 * How much rounding may change a length that is computed from the entries of a sample, relative to the largest entry. A
 * point is stored as float32 after the constraint, after the ball and after the clean input was added again, each time
 * with an error of up to 2^-24 of the largest entry, in up to four points (an acceleration) of three coordinates: 2^-19
 * covers all of it.
 */
const ROUNDING = 2 ** -19;

/** The largest absolute value in each row, `[batch]`. */
export function largestOf(x: tf.Tensor): tf.Tensor1D {
  return tf.max(tf.abs(tf.reshape(x, [x.shape[0]!, -1])), 1);
}

/** The rounding error of lengths in each row, `[batch]`: 2^-19 (two millionths) of the largest entry of either input. */
export function roundingOf(perturbed: tf.Tensor, clean: tf.Tensor): tf.Tensor1D {
  return tf.mul(tf.maximum(largestOf(perturbed), largestOf(clean)), ROUNDING);
}
