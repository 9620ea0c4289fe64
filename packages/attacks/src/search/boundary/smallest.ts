import * as tf from '@tensorflow/tfjs-core';
import type { Ball } from '../../threatModel/ball.js';
import { isInside, project, relativeSize, zeroPerturbations } from '../../threatModel/perturbation.js';
import { fooled } from '../evaluate.js';
import type { Problem } from '../problem.js';

/** For each sample the smallest perturbation so far that fools the classifier. */
export interface Smallest {
  /** One matrix per ball; 0 in rows without one. */
  deltas: tf.Tensor2D[];
  /** Their {@link relativeSize}, `[rows, 1]`; Infinity in rows without one. */
  size: tf.Tensor2D;
}

/** The smallest perturbations before the search: rows that are wrong when clean need none. */
export function initialSmallest(problem: Problem, cleanLogits: tf.Tensor2D): Smallest {
  const wrong = tf.expandDims(fooled(problem, cleanLogits), 1) as tf.Tensor2D;
  return {
    deltas: zeroPerturbations(problem.balls),
    size: tf.where(tf.greater(wrong, 0), tf.zerosLike(wrong), tf.fill(wrong.shape, Infinity)),
  };
}

/**
 * For each sample the smaller of the smallest perturbation so far and a new one.
 * @param success 1 where the point fools the classifier, `[rows]`
 */
export function smallerOf(
  balls: readonly Ball[],
  best: Smallest,
  deltas: readonly tf.Tensor2D[],
  success: tf.Tensor1D,
): Smallest {
  const size = relativeSize(balls, deltas);
  // A NaN size never replaces the best.
  const improves = tf.logicalAnd(tf.expandDims(tf.cast(success, 'bool'), 1), tf.less(size, best.size));
  return {
    deltas: deltas.map((delta, i) => tf.where(improves, delta, best.deltas[i]!)),
    size: tf.where(improves, size, best.size),
  };
}

/** 1 in rows whose smallest perturbation so far is inside the threat model, `[rows, 1]`, so that an evaluation counts them as fooled. */
export function fooledWithinBudget(balls: readonly Ball[], { deltas, size }: Smallest): tf.Tensor2D {
  const found: tf.Tensor2D = tf.logicalAnd(tf.isFinite(size), isInside(balls, deltas));
  return tf.cast(found, 'float32');
}

/** The result of a minimal-perturbation attack: the smallest perturbations where they are inside their balls, else 0. */
export function smallestWithinBudget(balls: readonly Ball[], { deltas }: Smallest): tf.Tensor2D[] {
  const inside = isInside(balls, deltas);
  return deltas.map((delta, i) => tf.where(inside, project(balls[i]!, delta), tf.zerosLike(delta)));
}

/**
 * The ball without its radius, for {@link project}: a search for the smallest perturbation goes through larger ones. A ball
 * of radius 0 stays a point.
 */
export function withoutRadius(ball: Ball): Ball {
  const open = ball.radius !== undefined && ball.radius > 0;
  const project = (delta: tf.Tensor2D, { epsilon }: Pick<Ball, 'epsilon'>): tf.Tensor2D =>
    open ? delta : tf.mul(delta, tf.step(epsilon));
  return { ...ball, norm: { ...ball.norm, project } };
}
