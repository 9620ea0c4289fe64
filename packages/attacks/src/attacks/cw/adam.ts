import * as tf from '@tensorflow/tfjs-core';

/** Decay rates of the two averages, and the term that keeps their quotient finite: the paper's values. */
const MEAN_DECAY = 0.9;
const SQUARE_DECAY = 0.999;
const GUARD = 1e-8;

/** Adam's state of a variable. */
export interface Moments {
  /** Running mean of the gradients. */
  mean: tf.Tensor2D;
  /** Running mean of their squares. */
  square: tf.Tensor2D;
}

/** The state before the first step. */
export function noMoments(shape: [number, number]): Moments {
  return { mean: tf.zeros(shape), square: tf.zeros(shape) };
}

/**
 * Adam (Kingma and Ba 2015, algorithm 1), as a function: entries don't depend on one another.
 * @param step number of the step, from 1
 * @returns the move to subtract, not yet multiplied by the learning rate, and the next state
 */
export function adam(
  gradient: tf.Tensor2D,
  { mean, square }: Moments,
  step: number,
): { move: tf.Tensor2D; moments: Moments } {
  const first = tf.add<tf.Tensor2D>(tf.mul(mean, MEAN_DECAY), tf.mul(gradient, 1 - MEAN_DECAY));
  const second = tf.add<tf.Tensor2D>(
    tf.mul(square, SQUARE_DECAY),
    tf.mul(tf.square(gradient), 1 - SQUARE_DECAY),
  );
  const deviation = tf.sqrt(tf.div(second, 1 - SQUARE_DECAY ** step));
  return {
    move: tf.div(tf.div(first, 1 - MEAN_DECAY ** step), tf.add(deviation, GUARD)),
    moments: { mean: first, square: second },
  };
}
