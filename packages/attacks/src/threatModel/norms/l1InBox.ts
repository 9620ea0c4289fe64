import * as tf from '@tensorflow/tfjs-core';
import { type BallBounds, MIN_LENGTH } from './norm.js';

/** Bisections of the interval around the threshold: down to the last digit of the largest entry in float32. */
const BISECTIONS = 24;

/**
 * The nearest point in the intersection of an l1 ball and a box that contains 0 (Croce and Hein 2021, "Mind the box",
 * section 3.1): sign(d) * min(max(|d| - t, 0), c), with c the slack, the distance from 0 to the side of the box that d points
 * to, and t >= 0 such that the row's length is epsilon, or 0 if the row is shorter. Projecting onto the ball and clipping
 * afterwards also gives a point of both, but leaves a part of epsilon unused.
 *
 * Croce and Hein find t by sorting. Here t is the root of a falling, piecewise linear function and found by bisection, which
 * needs no sort and treats all rows at once. Newton's method, which entries at the side of the box mislead, does only the
 * last step, where it is exact. A scaling keeps rows inside the ball in spite of rounding.
 * @param delta `[rows, size]`
 * @param epsilon radius of the ball, `[rows, 1]`
 * @param bounds smallest values, 0 or less, and largest, 0 or more, `[rows, size]`
 */
export function projectL1InBox(
  delta: tf.Tensor2D,
  epsilon: tf.Tensor2D,
  { lower, upper }: BallBounds,
): tf.Tensor2D {
  const size = tf.abs(delta);
  const slack: tf.Tensor2D = tf.where(tf.greater(delta, 0), upper, tf.neg(lower));
  const beyond: tf.Tensor2D = tf.sub(size, slack);
  // min(max(a, 0), c) = max(a, 0) - max(a - c, 0); the right side is six times as fast on wasm.
  const excess = (threshold: tf.Tensor2D) =>
    // Freed at once: 25 times the memory of a large batch would be too much.
    tf.tidy(() => {
      const clipped = tf.sub(tf.relu(tf.sub(size, threshold)), tf.relu(tf.sub(beyond, threshold)));
      return tf.sub<tf.Tensor2D>(lengthOf(clipped), epsilon);
    });

  let low: tf.Tensor2D = tf.zerosLike(epsilon);
  let high: tf.Tensor2D = tf.where(tf.greater(excess(low), 0), tf.max<tf.Tensor2D>(size, 1, true), low);
  for (let i = 0; i < BISECTIONS; i++) {
    const middle: tf.Tensor2D = tf.div(tf.add(low, high), 2);
    const tooLong = tf.greater(excess(middle), 0);
    low = tf.where(tooLong, middle, low);
    high = tf.where(tooLong, high, middle);
  }
  const above = tf.sub(size, low);
  const moving = lengthOf(tf.logicalAnd(tf.greater(above, 0), tf.less(above, slack)));
  const newton: tf.Tensor2D = tf.add(low, tf.div(tf.relu(excess(low)), tf.maximum(moving, 1)));
  const point = tf.minimum(tf.relu(tf.sub(size, tf.minimum(newton, high))), slack);
  const factor = tf.minimum(1, tf.div(epsilon, tf.maximum(lengthOf(point), MIN_LENGTH)));
  return tf.mul(tf.sign(delta), tf.mul(point, factor));
}

/** The sum of each row, `[rows, 1]`, of absolute values or of conditions. */
function lengthOf(rows: tf.Tensor): tf.Tensor2D {
  return tf.sum(rows, 1, true);
}
