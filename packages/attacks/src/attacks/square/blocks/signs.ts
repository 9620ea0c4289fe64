import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../tensors/random.js';

/** `[rows, count]` of -1 and 1, equally likely. */
export function signs(random: Random, rows: number, count: number): tf.Tensor2D {
  const negative = tf.cast(tf.less(random.uniform(rows, count), 0.5), 'float32');
  return tf.sub(1, tf.mul(2, negative));
}
