import * as tf from '@tensorflow/tfjs-core';
import type { Ball } from '../../threatModel/ball.js';

/** Share of the free entries that the first steps move. */
const FIRST_SHARE = 0.2;
/** The best point counts as sparser if it has fewer than this share of the changed entries that it had. */
const SPARSITY_GAIN = 0.95;
/**
 * Divisor of the number of changed entries and, if that doesn't fall, of the step. The number is rounded down: the
 * AutoAttack repository rounds up, where two entries never become one.
 */
const DECAY = 1.5;
/** The shortest step, in radii. */
const MIN_LENGTH = 0.1;
/** Gradients below this share of the row's largest count as 0: the threshold is searched for on a logarithmic scale. */
const SMALLEST = 2 ** -24;
const HALVINGS = 20;
/** Changes below this share of the radius are rounding errors. */
const ROUNDING = 1e-6;

/** How Auto-PGD steps in one l1 ball, per row `[rows, 1]` (Croce and Hein 2021, "Mind the box", algorithm 1). */
export interface SparsePace {
  /** How many entries a step moves, 1 or more. */
  entries: tf.Tensor2D;
  /** Length of a step in radii. */
  length: tf.Tensor2D;
  /** Changed entries of the best point at the last checkpoint. */
  support: tf.Tensor2D;
}

/**
 * The pace at the start of a run.
 * @param from where to begin, if that is the result of a previous stage, whose sparsity is kept
 */
export function firstSparsePace(ball: Ball, from?: tf.Tensor2D): SparsePace {
  const length: tf.Tensor2D = tf.onesLike(ball.epsilon);
  const support = from ? countChanged(from, ball) : tf.clone(ball.dimensions);
  return { entries: from ? entriesOf(support) : whole(tf.mul(support, FIRST_SHARE)), length, support };
}

/**
 * A step in an l1 ball: equally far in each of the entries with the largest gradient among those that the range lets
 * move. Entries at the end of their range with a gradient as large are pushed against it, so that the projection,
 * which shortens all others, leaves them there. The published step counts them among those that move, and gets stuck when
 * few entries move.
 */
export function sparseStep(
  ball: Ball,
  delta: tf.Tensor2D,
  gradient: tf.Tensor2D,
  { entries, length }: SparsePace,
): tf.Tensor2D {
  const size = tf.abs(feasiblePart(ball, delta, gradient));
  const threshold = thresholdOf(size, entries);
  const count = tf.maximum(sumOf(above(size, threshold)), 1);
  const moved = tf.mul(tf.sign(gradient), above(tf.abs(gradient), threshold));
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
  const support = countChanged(best, ball);
  const back: tf.Tensor2D = tf.less(support, tf.mul(before, SPARSITY_GAIN));
  const shorter: tf.Tensor2D = tf.maximum(tf.div(length, DECAY), MIN_LENGTH);
  return {
    pace: { entries: entriesOf(support), length: tf.where(back, tf.onesLike(length), shorter), support },
    back,
  };
}

/** The gradient with 0 where following it runs against the end of the range, but for a rounding error. */
function feasiblePart({ bounds, epsilon }: Ball, delta: tf.Tensor2D, gradient: tf.Tensor2D): tf.Tensor2D {
  if (!bounds) return gradient;
  const up = tf.greater(gradient, 0);
  const [slackUp, slackDown]: tf.Tensor2D[] = [tf.sub(bounds.upper, delta), tf.sub(delta, bounds.lower)];
  const slack = tf.where(up, slackUp!, slackDown!);
  return tf.mul(gradient, above(slack, tf.mul(epsilon, ROUNDING)));
}

/** How many entries of each row are changed: those that the projection brings to 0 may keep a rounding error. */
function countChanged(delta: tf.Tensor2D, { epsilon }: Ball): tf.Tensor2D {
  return sumOf(above(tf.abs(delta), tf.mul(epsilon, ROUNDING)));
}

/** 1 where a matrix is above its row's threshold, else 0: comparisons that broadcast are a hundred times slower on wasm. */
function above(matrix: tf.Tensor2D, threshold: tf.Tensor2D): tf.Tensor2D {
  return tf.step(tf.sub<tf.Tensor2D>(matrix, threshold));
}

function sumOf(rows: tf.Tensor2D): tf.Tensor2D {
  return tf.sum(rows, 1, true);
}

function entriesOf(support: tf.Tensor2D): tf.Tensor2D {
  return whole(tf.div(support, DECAY));
}

function whole(count: tf.Tensor2D): tf.Tensor2D {
  return tf.maximum(tf.floor(count), 1);
}

/**
 * A value that at least `wanted` entries of a row are above, the largest to 1 part in 50,000, found by bisection: rows want
 * different numbers of entries, and a sort of whole rows would leave the backend.
 */
function thresholdOf(size: tf.Tensor2D, wanted: tf.Tensor2D): tf.Tensor2D {
  const largest: tf.Tensor2D = tf.max(size, 1, true);
  const at = (exponent: tf.Tensor2D): tf.Tensor2D => tf.mul(largest, tf.pow(2, exponent));
  let low: tf.Tensor2D = tf.fill(wanted.shape, Math.log2(SMALLEST));
  let high: tf.Tensor2D = tf.zerosLike(wanted);
  for (let i = 0; i < HALVINGS; i++) {
    const middle: tf.Tensor2D = tf.div(tf.add(low, high), 2);
    const enough = tf.tidy(() => tf.greaterEqual(sumOf(above(size, at(middle))), wanted));
    low = tf.where(enough, middle, low);
    high = tf.where(enough, high, middle);
  }
  return at(low);
}
