/*
 * What attacks do with perturbations: matrices of a ball, see ball.ts. All functions are called inside `tf.tidy` and read
 * nothing back from the backend.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from '../classifier/classifier.js';
import type { Random } from '../tensors/random.js';
import { type Ball, columnsOf } from './ball.js';
import { type BallPart, inInputUnits, inUnitsOfScale, joinColumns } from './ballPart.js';

/** The modalities of a ball with a perturbation added. */
export function perturbModalities(ball: Ball, delta: tf.Tensor2D): Modalities {
  const result: Modalities = {};
  for (const part of ball.parts) result[part.modality] = perturbModality(ball, part, delta);
  return result;
}

/** The gradient with respect to a ball's perturbation, from those with respect to its modalities; 0 where the mask is. */
export function gradientOfPerturbation(ball: Ball, gradients: Modalities): tf.Tensor2D {
  const flat = joinColumns(
    ball.parts.map((part) => {
      const rows = tf.reshape<tf.Rank.R2>(gradients[part.modality]!, [ball.rows, part.size]);
      // The chain rule: a unit of the perturbation is `scale` of the input.
      return inInputUnits(part, rows);
    }),
  );
  return ball.free ? tf.where(tf.cast(ball.free, 'bool'), flat, tf.zerosLike(flat)) : flat;
}

/** A perturbation of 0 in each ball. */
export function zeroPerturbations(balls: readonly Pick<Ball, 'rows' | 'size'>[]): tf.Tensor2D[] {
  return balls.map(({ rows, size }) => tf.zeros<tf.Rank.R2>([rows, size]));
}

/** Where a run starts: at a uniformly drawn point of the ball, projected, or without a random generator at the clean input. */
export function startingPoint(ball: Ball, random: Random | undefined): tf.Tensor2D {
  return random ? project(ball, ball.norm.start(random, ball)) : zeroPerturbations([ball])[0]!;
}

/** Bisections of the factor by which exact constraints shorten a perturbation: it is found to 1/128. */
const BISECTIONS = 7;

/**
 * Projects a perturbation onto what the adversary may do: constraints, ball, range and mask, in this order. If the result
 * violates a constraint that has to hold exactly, the row's perturbation is multiplied by the largest factor in [0, 1],
 * found by bisection, for which it violates none.
 */
export function project(ball: Ball, delta: tf.Tensor2D): tf.Tensor2D {
  const once = projectOnce(ball, delta);
  const exact = ball.parts.filter(hasExactConstraints);
  if (exact.length === 0) return once;
  const satisfies = (point: tf.Tensor2D) => {
    const rows = allTrue(exact.map((part) => satisfiesConstraints(part, perturbModality(ball, part, point))));
    return tf.expandDims(tf.cast(rows, 'float32'), 1);
  };
  let found: tf.Tensor2D = tf.zerosLike(once);
  let low: tf.Tensor2D = tf.zerosLike(ball.epsilon);
  let high: tf.Tensor2D = tf.onesLike(ball.epsilon);
  let factor = high;
  for (let i = 0; i <= BISECTIONS; i++) {
    const point = i === 0 ? once : projectOnce(ball, tf.mul(once, factor));
    const good = tf.cast(satisfies(point), 'bool');
    found = tf.where(good, point, found);
    low = tf.where(good, factor, low);
    high = tf.where(good, high, factor);
    factor = tf.div(tf.add(low, high), 2);
  }
  return found;
}

function projectOnce(ball: Ball, delta: tf.Tensor2D): tf.Tensor2D {
  const constrained = ball.parts.some(hasConstraints)
    ? joinColumns(ball.parts.map((part) => applyConstraints(ball, part, delta)))
    : delta;
  return clipToBounds(ball, ball.norm.project(constrained, ball));
}

function allTrue(conditions: tf.Tensor1D[]): tf.Tensor1D {
  return conditions
    .map((condition): tf.Tensor1D => tf.cast(condition, 'bool'))
    .reduce((all, condition) => tf.logicalAnd(all, condition));
}

/** The unit in which perturbations of several balls are compared: the ball's radius, or its extent if that is infinite. */
export function unitOf({ epsilon, extent }: Pick<Ball, 'epsilon' | 'extent'>): tf.Tensor2D {
  return tf.where(tf.isFinite(epsilon), epsilon, extent);
}

/**
 * How large perturbations are, `[rows, 1]`: the largest of their lengths, each in units of its ball's radius. That is the
 * smallest scale of the threat model that contains them all.
 */
export function relativeSize(balls: readonly Ball[], deltas: readonly tf.Tensor2D[]): tf.Tensor2D {
  return balls
    .map((ball, i) => tf.divNoNan(ball.norm.length(deltas[i]!), unitOf(ball)) as tf.Tensor2D)
    .reduce((largest, size) => tf.maximum(largest, size));
}

/** Whether perturbations are inside their balls, up to rounding, `[rows, 1]`, bool. */
export function isInside(balls: readonly Ball[], deltas: readonly tf.Tensor2D[]): tf.Tensor2D {
  return balls
    .map(
      ({ norm, epsilon }, i): tf.Tensor2D => tf.lessEqual(norm.length(deltas[i]!), tf.mul(epsilon, 1 + 1e-6)),
    )
    .reduce((all, inside) => tf.logicalAnd(all, inside));
}

/** The gradient, with 0 where a step along it would leave the range. */
export function feasibleGradient(ball: Ball, delta: tf.Tensor2D, gradient: tf.Tensor2D): tf.Tensor2D {
  if (!ball.bounds) return gradient;
  const { lower, upper } = ball.bounds;
  const up = tf.logicalAnd(tf.greater(gradient, 0), tf.less(delta, upper));
  const down = tf.logicalAnd(tf.less(gradient, 0), tf.greater(delta, lower));
  return tf.where(tf.logicalOr(up, down), gradient, tf.zerosLike(gradient));
}

/** Whether a modality has constraints. */
export function hasConstraints({ constraints = [] }: BallPart): boolean {
  return constraints.length > 0;
}

/** Whether some of a modality's constraints have to hold exactly. */
export function hasExactConstraints({ constraints = [] }: BallPart): boolean {
  return constraints.some(({ holds }) => holds);
}

/** Whether the rows of a perturbed input satisfy the constraints that have to hold exactly, `[rows]`. */
export function satisfiesConstraints(
  { constraints = [], clean }: BallPart,
  perturbed: tf.Tensor,
): tf.Tensor1D {
  const exact = constraints.filter(({ holds }) => holds);
  return allTrue(exact.map((rule) => rule.holds!(perturbed, clean)));
}

function clipToBounds({ bounds }: Ball, delta: tf.Tensor2D): tf.Tensor2D {
  return bounds ? tf.maximum(tf.minimum(delta, bounds.upper), bounds.lower) : delta;
}

function perturbModality(ball: Ball, part: BallPart, delta: tf.Tensor2D): tf.Tensor {
  const moved = moveInput(ball, part, delta);
  // clean + (end of the range - clean) may miss the end by a rounding error.
  return part.range ? clipToRange(moved, part.range) : moved;
}

function moveInput(ball: Ball, part: BallPart, delta: tf.Tensor2D): tf.Tensor {
  const change = inInputUnits(part, columnsOf(ball, part, delta));
  return tf.add(part.clean, tf.reshape(change, part.clean.shape));
}

function clipToRange(x: tf.Tensor, [low, high]: NonNullable<BallPart['range']>): tf.Tensor {
  // One fast kernel for numbers, which are all that it takes.
  if (typeof low === 'number' && typeof high === 'number') return tf.clipByValue(x, low, high);
  return tf.maximum(tf.minimum(x, high), low);
}

function applyConstraints(ball: Ball, part: BallPart, delta: tf.Tensor2D): tf.Tensor2D {
  if (!hasConstraints(part)) return columnsOf(ball, part, delta);
  const moved = moveInput(ball, part, delta);
  const ruled = part.constraints!.reduce((point, rule) => rule.apply(point, part.clean), moved);
  return inUnitsOfScale(part, tf.reshape<tf.Rank.R2>(tf.sub(ruled, part.clean), [ball.rows, part.size]));
}
