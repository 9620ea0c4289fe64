import * as tf from '@tensorflow/tfjs-core';

/** The mean of features `[batch, ..., channels]` over all axes but batch, channels and `kept`, `[batch, ...kept, channels]`. */
export function poolExcept(features: tf.Tensor, ...kept: number[]): tf.Tensor {
  const axes = features.shape.map((_, axis) => axis).slice(1, -1);
  const between = axes.filter((axis) => !kept.includes(axis));
  return between.length > 0 ? tf.mean(features, between) : features;
}
