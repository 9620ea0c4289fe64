import * as tf from '@tensorflow/tfjs-core';
import { type SkeletonAxes, skeletonAxesOf } from './skeletonAxes.js';

/**
 * 1 where a body is present in a frame and 0 where it is absent, that is, where all its joints are exactly zero. The axes
 * of joints and coordinates have length 1. Call it inside `tf.tidy`.
 * @param path what the axes are called in messages
 */
export function presentBodies(x: tf.Tensor, axes: SkeletonAxes | undefined, path: string): tf.Tensor {
  const { joints, coordinates } = skeletonAxesOf(x, axes, path);
  return tf.cast(tf.any(tf.notEqual(x, 0), [joints, coordinates], true), 'float32');
}
