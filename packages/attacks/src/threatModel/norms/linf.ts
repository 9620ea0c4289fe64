import * as tf from '@tensorflow/tfjs-core';
import { applyMask } from './applyMask.js';
import type { Norm } from './norm.js';

/** The linf norm: the largest absolute change of any entry. */
export const linf: Norm = {
  sparse: false,
  /** Each free entry uniform in [-epsilon, epsilon]. */
  start(random, ball) {
    const unit = tf.sub(tf.mul(random.uniform(ball.rows, ball.size), 2), 1);
    return applyMask(tf.mul(unit, ball.epsilon), ball);
  },
  /** sign(g), with sign(0) = 0. */
  direction: (gradient) => tf.sign(gradient),
  length: (delta) => tf.max(tf.abs(delta), 1, true),
  dual: (weights) => tf.sum(tf.abs(weights), 1, true),
  /** Clips each entry to [-epsilon, epsilon]. */
  project(delta, { epsilon, radius, tight }) {
    if (tight) return delta;
    // One fast kernel; comparisons with a column are slow on wasm.
    if (radius !== undefined && radius > 0) return tf.clipByValue(delta, -radius, radius);
    return tf.maximum(tf.minimum(delta, epsilon), tf.neg(epsilon));
  },
};
