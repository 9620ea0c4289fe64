import * as tf from '@tensorflow/tfjs-core';
import type { Ball } from './ball.js';

/** Share of the entries that the first steps move. */
const FIRST_SHARE = 0.2;
/** A sparser best point has fewer than this share of the entries it had. */
const SPARSER = 0.95;
/** What the number of changed entries and, if it doesn't fall, the step are divided by. */
const DECAY = 1.5;
/** The shortest step, in radii. */
const SHORTEST = 0.1;
/** Gradients below this share of the row's largest count as 0, for the search of a threshold on a logarithmic scale. */
const SMALLEST = 2 ** -24;
const HALVINGS = 20;

/** How Auto-PGD steps in one l1 ball, per row `[rows, 1]` (Croce and Hein 2021, "Mind the box", algorithm 1). */
export interface SparsePace {
  /** Share of the free entries that a step moves. */
  share: tf.Tensor2D;
  /** Length of a step in radii. */
  length: tf.Tensor2D;
  /** Changed entries of the best point at the last checkpoint. */
  support: tf.Tensor2D;
}

/**
 * The pace at the start of a run.
 * @param from where to begin, if a run before has chosen it: its sparsity is gone on with
 */
export function firstSparsePace(ball: Ball, from?: tf.Tensor2D): SparsePace {
  const length: tf.Tensor2D = tf.onesLike(ball.epsilon);
  if (!from)
    return { share: tf.fill([ball.rows, 1], FIRST_SHARE), length, support: tf.clone(ball.dimensions) };
  const support = changed(from);
  return { share: shareOf(support, ball), length, support };
}

/** A step in an l1 ball: equally far in each of the entries with the largest gradient. */
export function sparseStep(ball: Ball, gradient: tf.Tensor2D, { share, length }: SparsePace): tf.Tensor2D {
  const size = tf.abs(gradient);
  const wanted: tf.Tensor2D = tf.maximum(tf.ceil(tf.mul(share, ball.dimensions)), 1);
  const moved = tf.mul(
    tf.sign(gradient),
    tf.cast(tf.greaterEqual(size, thresholdOf(size, wanted)), 'float32'),
  );
  const count = tf.maximum(tf.sum(tf.abs(moved), 1, true), 1);
  return tf.mul(moved, tf.div(tf.mul(length, ball.epsilon), count));
}

/**
 * The pace after a checkpoint: as many entries as the best point has changed, over 1.5; where it has become sparser a
 * step of one radius, from the best point, else a shorter one.
 * @returns the pace, and the rows that go back to their best point, `[rows, 1]`
 */
export function nextSparsePace(
  ball: Ball,
  best: tf.Tensor2D,
  { length, support: before }: SparsePace,
): { pace: SparsePace; back: tf.Tensor2D } {
  const support = changed(best);
  const back: tf.Tensor2D = tf.less(support, tf.mul(before, SPARSER));
  const shorter: tf.Tensor2D = tf.maximum(tf.div(length, DECAY), SHORTEST);
  return {
    pace: { share: shareOf(support, ball), length: tf.where(back, tf.onesLike(length), shorter), support },
    back,
  };
}

function changed(delta: tf.Tensor2D): tf.Tensor2D {
  return tf.sum(tf.cast(tf.notEqual(delta, 0), 'float32'), 1, true);
}

function shareOf(support: tf.Tensor2D, { dimensions }: Ball): tf.Tensor2D {
  return tf.div(support, tf.mul(tf.maximum(dimensions, 1), DECAY));
}

/**
 * The largest value that at least `wanted` entries of a row reach, to 1 part in 50,000, found by bisection: rows want
 * different numbers of entries, and a sort of whole rows would leave the backend.
 */
function thresholdOf(size: tf.Tensor2D, wanted: tf.Tensor2D): tf.Tensor2D {
  const largest: tf.Tensor2D = tf.max(size, 1, true);
  const at = (exponent: tf.Tensor2D): tf.Tensor2D => tf.mul(largest, tf.pow(2, exponent));
  let low: tf.Tensor2D = tf.fill(wanted.shape, Math.log2(SMALLEST));
  let high: tf.Tensor2D = tf.zerosLike(wanted);
  for (let i = 0; i < HALVINGS; i++) {
    const middle: tf.Tensor2D = tf.div(tf.add(low, high), 2);
    const reached = tf.sum(tf.cast(tf.greaterEqual(size, at(middle)), 'float32'), 1, true);
    const enough = tf.greaterEqual(reached, wanted);
    low = tf.where(enough, middle, low);
    high = tf.where(enough, high, middle);
  }
  return at(low);
}
