/*
 * The units in which the attack works. Carlini and Wagner's constant and learning rate are numbers for inputs in [0, 1]. Here
 * distances and slopes are measured in a length of the inputs, so that the same numbers serve inputs in any unit; for
 * a range of width 1 that length is 1, as published.
 */
import * as tf from '@tensorflow/tfjs-core';
import { evaluateGradient } from '../../search/evaluate.js';
import type { Problem } from '../../search/problem.js';
import type { Ball } from '../../threatModel/ball.js';
import { cleanSize } from '../../threatModel/extent.js';
import { unitOf, zeroPerturbations } from '../../threatModel/perturbation.js';

/** Units of the balls, the same in all runs. */
export interface Units {
  /** The length L_b in which perturbations of a ball are measured, `[rows, 1]`. */
  lengths: tf.Tensor2D[];
  /** Learning rates, for each ball `[rows, size]`. */
  speeds: tf.Tensor2D[];
  /** Weight of a ball's squared length in the distance, `[rows, 1]`. */
  shares: tf.Tensor2D[];
}

/**
 * L_b is the width of the range or, without one, epsilon or, if that is infinite, the largest absolute value of the clean input or
 * the distance to the linearised boundary, whichever is shorter and not 0. The distance is the sum of
 * |d_b|^2 * m / unit_b^2, m the mean of (unit_b / L_b)^2, so (|d| / L)^2 for a single ball. Call it inside a tidy.
 */
export function unitsOf(problem: Problem, learningRate: number): Units {
  const { balls } = problem;
  const lengths = lengthsOf(problem);
  const squares = balls.map((ball) => tf.square(unitOf(ball)));
  const ratios = squares.map((square, i) => tf.divNoNan(square, tf.square(lengths[i]!)) as tf.Tensor2D);
  const mean = tf.div<tf.Tensor2D>(tf.addN(ratios), balls.length);
  return {
    lengths,
    shares: squares.map((square) => tf.divNoNan(mean, square) as tf.Tensor2D),
    speeds: balls.map((ball, i) => {
      const own = tf.where(tf.isFinite(ball.epsilon), ball.epsilon, lengths[i]!);
      const unit = tf.mul<tf.Tensor2D>(tf.ones([ball.rows, ball.size]), own);
      if (!ball.bounds) return tf.mul(unit, learningRate);
      const half = tf.div<tf.Tensor2D>(tf.sub(ball.bounds.upper, ball.bounds.lower), 2);
      return tf.mul(tf.where(tf.isFinite(half), half, unit), learningRate);
    }),
  };
}

function lengthsOf(problem: Problem): tf.Tensor2D[] {
  const { balls } = problem;
  if (!balls.some(isUnlimited)) return balls.map(({ extent }) => tf.clone(extent));
  const { loss, gradients } = evaluateGradient(problem, zeroPerturbations(balls));
  const margin = tf.abs(tf.expandDims<tf.Tensor2D>(loss, 1));
  return balls.map((ball, i) => {
    if (!isUnlimited(ball)) return tf.clone(ball.extent);
    const distance = tf.divNoNan(margin, ball.norm.dual(gradients[i]!)) as tf.Tensor2D;
    const known = tf.logicalAnd(tf.greater(distance, 0), tf.isFinite(distance));
    const isZero = tf.equal<tf.Tensor2D>(cleanSize(ball.parts), 0);
    const shorter = tf.logicalOr(isZero, tf.less(distance, ball.extent));
    const chosen = tf.where(tf.logicalAnd(known, shorter), distance, ball.extent) as tf.Tensor2D;
    return tf.where(tf.isFinite(ball.epsilon), ball.extent, chosen);
  });
}

/** Whether neither a range nor, in all rows, a radius limits the ball. */
function isUnlimited({ radius = Infinity, parts }: Ball): boolean {
  return radius === Infinity && parts.every(({ range }) => !range);
}
