import * as tf from '@tensorflow/tfjs-core';
import { applyMask } from './applyMask.js';
import { projectL1InBox } from './l1InBox.js';
import { MIN_LENGTH, type Norm } from './norm.js';

/** Fraction of the free entries that one step moves: the 99th percentile of Tramer and Boneh 2019 and of Foolbox. */
const MOVED = 0.01;
/** Newton steps of the projection. Rows of a million entries, projected onto a millionth of their length, need 16. */
const NEWTON_STEPS = 20;

/** The l1 norm: the sum of the absolute changes of all entries. */
export const l1: Norm = {
  sparse: true,
  /** A random Laplace direction on the sphere times epsilon * u^(1/d), d the number of free entries (Barthe et al. 2005). */
  start(random, ball) {
    const draw = tf.sub(tf.mul(random.uniform(ball.rows, ball.size), 2), 1);
    // |draw| is uniform and independent of its sign, so -log |draw| is exponential.
    const laplace = applyMask(
      tf.mul(tf.sign(draw), tf.neg(tf.log(tf.maximum(tf.abs(draw), 2 ** -25)))),
      ball,
    );
    const direction = tf.div(laplace, tf.maximum(length(laplace), MIN_LENGTH));
    const radius = tf.pow(random.uniform(ball.rows, 1), tf.div(1, tf.maximum(ball.dimensions, 1)));
    return tf.mul(direction, tf.mul(radius, ball.epsilon));
  },
  /**
   * The sparse descent direction (Tramer and Boneh 2019, algorithm 1): the largest 1 % of a row's gradient, at least one
   * entry, all moved by the same amount. The steepest direction in l1 is the largest entry alone, and so is this one for
   * rows of up to 100 entries; on large inputs a single entry a step is too slow.
   */
  direction(gradient, ball) {
    const size = tf.abs(gradient);
    const most = Math.max(1, Math.ceil(MOVED * ball.size));
    const rank = tf.maximum(tf.ceil(tf.mul(ball.dimensions, MOVED)), 1);
    const largest = tf.topk(size, most).values;
    const chosen = tf.equal(tf.range(1, most + 1), rank);
    const threshold = tf.sum(tf.mul(largest, tf.cast(chosen, 'float32')), 1, true);
    // This is size >= threshold. That comparison, broadcast, is a hundred times slower on wasm.
    const moved = tf.mul(tf.sign(gradient), tf.sub(1, tf.step(tf.sub(threshold, size))));
    return tf.div(moved, tf.maximum(length(moved), 1));
  },
  length,
  dual: (weights) => tf.max(tf.abs(weights), 1, true),
  /**
   * Soft thresholding (Duchi et al. 2008): sign(d) * max(|d| - t, 0) with t such that the row's length is epsilon.
   * t is the root of a convex piecewise linear function. Newton's method from t = 0 (Michelot 1986) reaches the exact root
   * once the set of entries above t stops changing; a last scaling keeps rows that have not converged inside the ball.
   * With bounds see {@link projectL1InBox}.
   */
  project(delta, { epsilon, bounds }) {
    if (bounds) return projectL1InBox(delta, epsilon, bounds);
    const size = tf.abs(delta);
    let threshold: tf.Tensor2D = tf.zerosLike(epsilon);
    for (let i = 0; i < NEWTON_STEPS; i++) {
      const above = tf.relu(tf.sub(size, threshold));
      const count = tf.sum(tf.step(above), 1, true);
      const excess = tf.sub(tf.sum(above, 1, true), epsilon);
      threshold = tf.add(threshold, tf.div(tf.relu(excess), tf.maximum(count, 1)));
    }
    const shrunk = tf.mul(tf.sign(delta), tf.relu(tf.sub(size, threshold)));
    return tf.mul(shrunk, tf.minimum(1, tf.div(epsilon, tf.maximum(length(shrunk), MIN_LENGTH))));
  },
};

/** The l1 length of each row, `[rows, 1]`. */
function length(rows: tf.Tensor): tf.Tensor2D {
  return tf.sum(tf.abs(rows), 1, true);
}
