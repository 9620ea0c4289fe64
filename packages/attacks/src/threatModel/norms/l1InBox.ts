import * as tf from '@tensorflow/tfjs-core';

/** Halvings of the bracket around the threshold: down to the last place of the largest entry, as float32 has it. */
const HALVINGS = 24;

/**
 * The nearest point of an l1 ball and a box that holds 0, both at once (Croce and Hein 2021, "Mind the box", section
 * 3.1): sign(d) * min(max(|d| - t, 0), c), c the room to the box's side that d points to, with t >= 0 such that the
 * row's length is epsilon, or 0 if it is shorter. Projecting onto the ball first and clipping then gives a point of
 * both, but leaves a part of epsilon unused.
 *
 * Croce and Hein find t by sorting. Here it is the root of a falling, piecewise linear function, bisected, which takes no
 * sort and treats all rows at once; Newton's method, which entries at the side of the box lead astray, does only the
 * last step, exact within a piece. A scaling keeps rows inside the ball whatever rounding does.
 * @param delta `[rows, size]`
 * @param epsilon radius of the ball, `[rows, 1]`
 * @param bounds smallest values, 0 or less, and largest, 0 or more, `[rows, size]`
 */
export function projectL1InBox(
  delta: tf.Tensor2D,
  epsilon: tf.Tensor2D,
  { lower, upper }: { lower: tf.Tensor2D; upper: tf.Tensor2D },
): tf.Tensor2D {
  const size = tf.abs(delta);
  const room: tf.Tensor2D = tf.where(tf.greater(delta, 0), upper, tf.neg(lower));
  const beyond: tf.Tensor2D = tf.sub(size, room);
  // min(max(a, 0), c) = max(a, 0) - max(a - c, 0), of which wasm is six times as fast.
  const excess = (threshold: tf.Tensor2D) =>
    // Freed at once: 25 times what a large batch takes would be much.
    tf.tidy(() => {
      const kept = tf.sub(tf.relu(tf.sub(size, threshold)), tf.relu(tf.sub(beyond, threshold)));
      return tf.sub<tf.Tensor2D>(lengthOf(kept), epsilon);
    });

  let low: tf.Tensor2D = tf.zerosLike(epsilon);
  let high: tf.Tensor2D = tf.where(tf.greater(excess(low), 0), tf.max<tf.Tensor2D>(size, 1, true), low);
  for (let i = 0; i < HALVINGS; i++) {
    const middle: tf.Tensor2D = tf.div(tf.add(low, high), 2);
    const tooLong = tf.greater(excess(middle), 0);
    low = tf.where(tooLong, middle, low);
    high = tf.where(tooLong, high, middle);
  }
  const above = tf.sub(size, low);
  const moving = lengthOf(tf.logicalAnd(tf.greater(above, 0), tf.less(above, room)));
  const newton: tf.Tensor2D = tf.add(low, tf.div(tf.relu(excess(low)), tf.maximum(moving, 1)));
  const point = tf.minimum(tf.relu(tf.sub(size, tf.minimum(newton, high))), room);
  const share = tf.minimum(1, tf.div(epsilon, tf.maximum(lengthOf(point), 1e-12)));
  return tf.mul(tf.sign(delta), tf.mul(point, share));
}

/** The sum of each row, `[rows, 1]`, of sizes or of conditions. */
function lengthOf(rows: tf.Tensor): tf.Tensor2D {
  return tf.sum(rows, 1, true);
}
