import * as tf from '@tensorflow/tfjs-core';

/**
 * Layer normalisation (Ba et al. 2016, eq. 4) of the rows of x, [rows, C]: to mean 0 and variance 1 over the channels,
 * with 1e-5 added to the variance, then a scale and a shift per channel.
 */
export function layerNorm(x: tf.Tensor2D, gamma: tf.Tensor, beta: tf.Tensor): tf.Tensor2D {
  const centered = tf.sub(x, tf.mean(x, 1, true));
  const deviation = tf.rsqrt(tf.add(tf.mean(tf.square(centered), 1, true), 1e-5));
  return tf.add(tf.mul(tf.mul(centered, deviation), gamma), beta);
}
