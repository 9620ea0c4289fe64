import { formatValue } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { budgetChecks } from '../../options.js';
import { broadcastsTo } from '../../tensors/broadcastsTo.js';

/** Computes which entries of an input an attack may write: a tensor of 1 and 0 that has the input's shape or broadcasts to it. */
export type Mask = (x: tf.Tensor) => tf.Tensor;

/**
 * A mask for an input, float32 and of the input's shape.
 * @param path what the mask is called in messages
 * @throws {ThreatModelError} when it doesn't broadcast to the input
 */
export function maskOn(mask: tf.Tensor | Mask, x: tf.Tensor, path: string): tf.Tensor {
  return tf.tidy(() => {
    const given = typeof mask === 'function' ? mask(x) : mask;
    const good = given instanceof tf.Tensor && broadcastsTo(given, x);
    const expected = `a tensor of the input's shape, ${formatValue(x.shape)}, or one that broadcasts to it`;
    budgetChecks.checkOption(path, given, good, expected);
    const numbers = tf.cast(given, 'float32');
    return tf.util.arraysEqual(given.shape, x.shape) ? numbers : tf.mul(numbers, tf.ones(x.shape));
  });
}
