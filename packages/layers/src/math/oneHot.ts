import * as tf from '@tensorflow/tfjs-core';

/** Labels [batch] as rows [batch, classes] of floats: 1 for the label, 0 elsewhere. It has no gradient. */
export function oneHot(labels: tf.Tensor, classes: number): tf.Tensor2D {
  return tf.cast(tf.oneHot(tf.cast(labels as tf.Tensor1D, 'int32'), classes), 'float32') as tf.Tensor2D;
}
