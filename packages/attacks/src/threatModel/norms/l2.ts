import * as tf from '@tensorflow/tfjs-core';
import { applyMask } from './applyMask.js';
import { MIN_LENGTH, type Norm } from './norm.js';

/** The smallest normal float32. */
const SMALLEST = 1.2e-38;

/** The l2 norm: the Euclidean length of the change. */
export const l2: Norm = {
  sparse: false,
  /** A random normal direction times epsilon * u^(1/d), d the number of free entries (Muller 1959). */
  start(random, ball) {
    const direction = unit(applyMask(random.normal(ball.rows, ball.size), ball));
    const radius = tf.pow(random.uniform(ball.rows, 1), tf.div(1, tf.maximum(ball.dimensions, 1)));
    return tf.mul(direction, tf.mul(radius, ball.epsilon));
  },
  /** g / max(|g|, 1e-30). */
  direction: (gradient) => unit(gradient),
  length,
  dual: length,
  /** Shortens rows that are longer than epsilon. */
  project(delta, { epsilon }) {
    return tf.mul(delta, tf.minimum(1, tf.div(epsilon, tf.maximum(length(delta), MIN_LENGTH))));
  },
};

function unit(rows: tf.Tensor2D): tf.Tensor2D {
  return tf.div(rows, tf.maximum(length(rows), MIN_LENGTH));
}

/** Euclidean length of each row, `[rows, 1]`. Entries are divided by the largest, so that squares neither overflow nor vanish. */
function length(rows: tf.Tensor2D): tf.Tensor2D {
  const largest = tf.maximum(tf.max(tf.abs(rows), 1, true), SMALLEST);
  return tf.mul(largest, tf.sqrt(tf.sum(tf.square(tf.div(rows, largest)), 1, true)));
}
