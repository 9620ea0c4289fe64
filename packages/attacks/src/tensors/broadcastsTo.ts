import type * as tf from '@tensorflow/tfjs-core';

/** Whether a tensor has the shape of x or broadcasts to it. */
export function broadcastsTo(given: Pick<tf.Tensor, 'rank' | 'shape'>, x: tf.Tensor): boolean {
  const ahead = x.rank - given.rank;
  return ahead >= 0 && given.shape.every((size, axis) => size === 1 || size === x.shape[ahead + axis]);
}
