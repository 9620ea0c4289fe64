import * as tf from '@tensorflow/tfjs-core';
import type { MaximisedLoss } from '../../losses/attackLoss.js';
import { maskOut, oneHotOf } from '../../losses/rowLoss.js';
import type { Ball } from '../../threatModel/ball.js';
import { unitOf } from '../../threatModel/perturbation.js';
import type { Problem } from '../problem.js';
import type { SearchContext } from '../search.js';
import { maximiseLinear, where0 } from './maximiseLinear.js';

/** The decision boundary, linearised at a point: margin + slopes . step = 0. */
export interface Boundary {
  /** Above 0 beyond the boundary, `[rows, 1]`. */
  margin: tf.Tensor2D;
  /** The margin's gradient in each ball. */
  slopes: tf.Tensor2D[];
  /** Logits at the point. */
  logits: tf.Tensor2D;
}

/** The part of a ball that a step depends on. */
export type BallBounds = Pick<Ball, 'norm' | 'epsilon' | 'extent' | 'bounds'>;

/** Longest step, in units: with a vanishing gradient a step would lead to where the classifier overflows. */
const MAX_STEP = 1e6;
/** Shortest step, in units, so that a point exactly on the boundary gets across. */
const MIN_STEP = 1e-5;
/**
 * Newton steps for the radius. On rows of 30 to 30,000 entries the rise is then missed by 1e-5 at most, except for
 * rows that need nearly all of the box: 1e-3 at 99 % of it, up to 1e-2 at its very corner.
 */
const NEWTON_STEPS = 10;

/**
 * The rival classes of the label, by rank: margins z_k - z_y with k the first, second, ... of a row's other
 * classes by their clean logits. With targets there is one margin, z_t less the largest of the others, and with a loss
 * other than the margin to the best wrong class, that loss.
 * @param count maximum number of rivals
 */
export function rivalsOf(
  problem: Problem,
  context: SearchContext,
  cleanLogits: tf.Tensor2D,
  count: number,
): MaximisedLoss[] {
  if (problem.targets || !problem.loss.bestRival) return [problem.loss];
  const differences = context.scratch.state(() => {
    const own = oneHotOf(problem.labels, cleanLogits);
    const others = Math.min(count, cleanLogits.shape[1] - 1);
    const ranked = tf.unstack(tf.topk(maskOut(cleanLogits, own), others).indices, 1) as tf.Tensor1D[];
    return ranked.map((rival) => tf.sub(oneHotOf(rival, cleanLogits), own));
  });
  return differences.value.map((_, i) => ({
    observed: [],
    ofClasses: true,
    compute: ({ logits }) => tf.sum(tf.mul(logits, differences.value[i]!), 1),
    report: (raised) => tf.clone(raised),
  }));
}

/**
 * For each sample the nearest of the boundaries to some rivals: the one with the smallest |margin| / sum of
 * unit_b |slopes_b|_* over the balls, in dual norms. One forward and one backward pass for each rival.
 * @param feasible the part of a gradient in a ball that counts; by default all
 */
export function nearestBoundary(
  { balls }: Problem,
  context: SearchContext,
  deltas: readonly tf.Tensor2D[],
  rivals: readonly MaximisedLoss[],
  feasible: (ball: Ball, delta: tf.Tensor2D, gradient: tf.Tensor2D) => tf.Tensor2D = (_, __, gradient) =>
    gradient,
): Boundary {
  const seen = rivals.map((rival) => {
    const { loss, logits, gradients } = context.monitor.evaluateGradient(deltas, rival);
    const slopes = gradients.map((gradient, i) => feasible(balls[i]!, deltas[i]!, gradient));
    const margin = tf.expandDims(loss, 1) as tf.Tensor2D;
    return { boundary: { margin, slopes, logits }, distance: distanceTo(balls, margin, slopes) };
  });
  return seen.reduce((nearest, next) => {
    const nearer = tf.less(next.distance, nearest.distance);
    const choose = (one: tf.Tensor2D, other: tf.Tensor2D): tf.Tensor2D => tf.where(nearer, one, other);
    return {
      boundary: {
        margin: choose(next.boundary.margin, nearest.boundary.margin),
        slopes: next.boundary.slopes.map((slope, i) => choose(slope, nearest.boundary.slopes[i]!)),
        logits: nearest.boundary.logits,
      },
      distance: choose(next.distance, nearest.distance),
    };
  }).boundary;
}

function distanceTo(balls: readonly Ball[], margin: tf.Tensor2D, slopes: tf.Tensor2D[]): tf.Tensor2D {
  const steepness = sumOf(
    balls.map((ball, i): tf.Tensor2D => tf.mul(unitOf(ball), ball.norm.dual(slopes[i]!))),
  );
  return tf.where(
    tf.greater(steepness, 0),
    tf.div<tf.Tensor2D>(tf.abs(margin), steepness),
    tf.fill(margin.shape, Infinity),
  );
}

/**
 * The smallest step, by the largest share of a ball's unit that it takes, that raises a linear function by `rise`.
 * Without a box it is rise / (sum of unit_b |slopes_b|_*) times the steepest direction of each ball. Within one, the
 * root of a concave function of that share, {@link maximiseLinear}, found by Newton's method from below; rows that can't
 * rise so far rise as far as they can.
 * @param rise `[rows, 1]`; negative values lower the function
 * @param from where the step begins, if range and mask are to be respected, one matrix per ball; absent: both are ignored
 */
export function stepTo(
  balls: readonly BallBounds[],
  slopes: readonly tf.Tensor2D[],
  rise: tf.Tensor2D,
  from?: readonly tf.Tensor2D[],
): tf.Tensor2D[] {
  const units = balls.map(unitOf);
  // In shares of the units, and divided by the largest slope, so that squares don't vanish.
  const scaled = slopes.map((slope, i) => tf.mul<tf.Tensor2D>(slope, units[i]!));
  const largest = scaled
    .map((slope): tf.Tensor2D => tf.max(tf.abs(slope), 1, true))
    .reduce((one, other) => tf.maximum(one, other));
  const needed = tf.divNoNan(tf.abs(rise), largest) as tf.Tensor2D;
  // Products and quotients with columns are fast on wasm, comparisons with them, of which divNoNan makes one, are not.
  const sense = tf.sub(1, tf.mul(2, tf.cast(tf.less(rise, 0), 'float32')));
  const directions = scaled.map((slope): tf.Tensor2D => tf.mul(tf.sign(slope), sense));
  const weights = scaled.map((slope): tf.Tensor2D => tf.div(tf.abs(slope), orOne(largest)));
  const slacks = balls.map((ball, i) => {
    const slack = from ? slackOf(ball, from[i]!, directions[i]!) : tf.fill(slopes[i]!.shape, Infinity);
    return where0(isAbove0(weights[i]!), tf.div(slack, orOne(units[i]!)));
  });
  const paths = balls.map(({ norm }, i) => maximiseLinear(norm, weights[i]!, slacks[i]!));

  const steepness = sumOf(balls.map(({ norm }, i) => norm.dual(where0(isAbove0(slacks[i]!), weights[i]!))));
  let radius = tf.clipByValue(tf.divNoNan(needed, steepness), MIN_STEP, MAX_STEP) as tf.Tensor2D;
  if (from && balls.some(({ bounds }) => bounds)) {
    for (let i = 0; i < NEWTON_STEPS; i++) {
      const reached = paths.map((path) => path.at(radius));
      const lacking = tf.relu(tf.sub(needed, sumOf(reached.map(({ value }) => value))));
      const slope = sumOf(reached.map((path) => path.slope));
      radius = tf.minimum(tf.add(radius, tf.divNoNan(lacking, slope)), MAX_STEP);
    }
  }
  return paths.map((path, i) => tf.mul(tf.mul<tf.Tensor2D>(path.point(radius), units[i]!), directions[i]!));
}

/** How far each entry can move in its direction before it reaches the end of its range. */
function slackOf({ bounds }: BallBounds, delta: tf.Tensor2D, direction: tf.Tensor2D): tf.Tensor2D {
  if (!bounds) return tf.fill(delta.shape, Infinity);
  const above: tf.Tensor2D = tf.sub(bounds.upper, delta);
  const below: tf.Tensor2D = tf.sub(delta, bounds.lower);
  return tf.relu(tf.where(isAbove0(direction), above, below));
}

/** A column with 1 in place of 0, as a divisor where the dividend is 0 as well or doesn't count. */
function orOne(column: tf.Tensor2D): tf.Tensor2D {
  return tf.where(tf.equal(column, 0), tf.onesLike(column), column);
}

function isAbove0(matrix: tf.Tensor2D): tf.Tensor2D {
  return tf.greater(matrix, tf.zerosLike(matrix));
}

function sumOf(columns: tf.Tensor2D[]): tf.Tensor2D {
  return columns.reduce((sum, column) => tf.add(sum, column));
}
