import * as tf from '@tensorflow/tfjs-core';

/** Multiplies features [batch, ..., C] by a scale [batch, 1] or [batch, C], at rank 3, where broadcasting is cheap. */
export function scaleFeatures(features: tf.Tensor, scale: tf.Tensor): tf.Tensor {
  const { shape } = features;
  const batch = shape[0]!;
  const columns = scale.shape[1]!;
  const flat = tf.reshape(features, [batch, -1, columns]);
  return tf.reshape(tf.mul(flat, tf.reshape(scale, [batch, 1, columns])), shape);
}
