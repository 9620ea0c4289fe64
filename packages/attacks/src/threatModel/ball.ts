import * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from '../classifier/classifier.js';
import type { Random } from '../tensors/random.js';
import { takeRows } from '../tensors/takeRows.js';
import { tidyObject } from '../tensors/tidyObject.js';
import type { Constraint } from './constraint.js';
import type { BallGeometry, Norm } from './norms/norm.js';
import { norms } from './norms/norms.js';
import { ballSpecsOf, type ThreatModel } from './threatModel.js';

/**
 * One ball of a threat model around one batch. Perturbations inside it are matrices, a row per sample: the weighted
 * changes of its modalities, flattened and joined. So each norm is written once, for any rank and for joint balls.
 */
export interface Ball extends BallGeometry {
  /** How lengths are measured. */
  readonly norm: Norm;
  /** Length of a step: `[rows, 1]`, or per coordinate where modalities of a joint ball differ. */
  readonly stepSize: tf.Tensor2D;
  /** The modalities in it, in the order of their columns. */
  readonly parts: readonly BallPart[];
}

/** One modality's columns of a ball. */
export interface BallPart {
  /** Its name. */
  readonly modality: string;
  /** The clean input, in its own shape. */
  readonly clean: tf.Tensor;
  /** First column. */
  readonly offset: number;
  /** Number of columns: entries in a sample. */
  readonly size: number;
  /** What a change of 1 counts in the ball. */
  readonly weight: number;
  /** Valid values. */
  readonly range?: readonly [number, number];
  /** Rules beside ball and range, in their order; absent: there are none. */
  readonly constraints?: readonly Constraint[];
}

/**
 * The balls of a threat model around a batch; {@link disposeBalls} frees them.
 * @param masks masks per modality in the input's shape, 0 and 1
 * @param stepLength the length of a step in radii, for modalities that name no step size of their own
 * @param useBudgetStepSize whether step sizes named in the threat model count
 * @param fixed whether no perturbation may leave the balls: then the bounds of a linf ball hold its radius too, so that
 *   ball, range and mask are one clip. Default false
 */
export function ballsAround(
  inputs: Modalities,
  threatModel: ThreatModel,
  masks: Modalities,
  stepLength: number,
  useBudgetStepSize: boolean,
  fixed = false,
): Ball[] {
  return tidyObject(() =>
    ballSpecsOf(threatModel).map((spec) => {
      const names = Object.keys(spec.modalities);
      const rows = inputs[names[0]!]!.shape[0]!;
      const epsilon: tf.Tensor2D =
        typeof spec.epsilon === 'number'
          ? tf.fill<tf.Rank.R2>([rows, 1], spec.epsilon)
          : tf.reshape<tf.Rank.R2>(spec.epsilon, [rows, 1]);
      let offset = 0;
      const columns = names.map((modality) => {
        const { weight = 1, range, constraints, stepSize } = spec.modalities[modality]!;
        const clean = tf.clone(inputs[modality]!);
        const size = clean.size / rows;
        const flat = tf.reshape(clean, [rows, size]);
        const mask = masks[modality];
        const free = mask ? tf.reshape<tf.Rank.R2>(mask, [rows, size]) : tf.ones<tf.Rank.R2>([rows, size]);
        const bound = (end: number | undefined, none: number): tf.Tensor2D => {
          const reach =
            end === undefined
              ? tf.fill<tf.Rank.R2>([rows, size], none)
              : tf.mul<tf.Tensor2D>(tf.sub(end, flat), weight);
          return mask ? tf.where(tf.cast(free, 'bool'), reach, tf.zerosLike(reach)) : reach;
        };
        const part: BallPart = { modality, clean, offset, size, weight, range, constraints };
        offset += size;
        return {
          part,
          free,
          lower: () => bound(range?.[0], -Infinity),
          upper: () => bound(range?.[1], Infinity),
          stepSize:
            useBudgetStepSize && stepSize !== undefined
              ? tf.fill<tf.Rank.R2>([rows, 1], stepSize * weight)
              : tf.mul<tf.Tensor2D>(epsilon, stepLength),
          masked: mask !== undefined,
        };
      });
      const masked = columns.some((column) => column.masked);
      const free = masked ? joinColumns(columns.map((column) => column.free)) : undefined;
      const limited = masked || columns.some(({ part }) => part.range);
      const tight = limited && fixed && spec.norm === 'linf';
      const [lower, upper] = limited
        ? [
            joinColumns(columns.map((column) => column.lower())),
            joinColumns(columns.map((column) => column.upper())),
          ]
        : [];
      return {
        norm: norms[spec.norm],
        rows,
        size: offset,
        epsilon,
        radius: typeof spec.epsilon === 'number' ? spec.epsilon : undefined,
        tight,
        stepSize:
          columns.length === 1
            ? columns[0]!.stepSize
            : joinColumns(columns.map(({ stepSize, part }) => tf.tile(stepSize, [1, part.size]))),
        free,
        dimensions: free ? tf.sum(free, 1, true) : tf.fill([rows, 1], offset),
        bounds:
          lower && upper
            ? {
                lower: tight ? tf.maximum(lower, tf.neg(epsilon)) : lower,
                upper: tight ? tf.minimum(upper, epsilon) : upper,
              }
            : undefined,
        parts: columns.map(({ part }) => part),
      };
    }),
  );
}

/** Frees what {@link ballsAround} made. */
export function disposeBalls(balls: readonly Ball[]): void {
  for (const { epsilon, stepSize, free, dimensions, bounds, parts } of balls) {
    const cleans = parts.map((part) => part.clean);
    tf.dispose([epsilon, stepSize, dimensions, ...cleans]);
    if (free) tf.dispose(free);
    if (bounds) tf.dispose([bounds.lower, bounds.upper]);
  }
}

/** Some rows of the balls, with tensors of their own. @param rows their indices, int32 */
export function takeBallRows(balls: readonly Ball[], rows: tf.Tensor1D): Ball[] {
  return tidyObject(() =>
    balls.map((ball) => {
      const { epsilon, stepSize, free, dimensions, bounds } = ball;
      const own = takeRows({ epsilon, stepSize, free, dimensions, bounds }, rows);
      const parts = ball.parts.map((part) => ({ ...part, clean: tf.gather(part.clean, rows) }));
      return { ...ball, ...own, rows: rows.size, parts };
    }),
  );
}

/** The modalities of a ball, perturbed. */
export function perturbModalities(ball: Ball, delta: tf.Tensor2D): Modalities {
  const result: Modalities = {};
  for (const part of ball.parts) result[part.modality] = perturbModality(ball, part, delta);
  return result;
}

/** Gradients with respect to the modalities of a ball, as one with respect to its perturbation. */
export function gradientOfPerturbation(ball: Ball, gradients: Modalities): tf.Tensor2D {
  const flat = joinColumns(
    ball.parts.map(({ modality, size, weight }) => {
      const rows = tf.reshape<tf.Rank.R2>(gradients[modality]!, [ball.rows, size]);
      return weight === 1 ? rows : tf.div(rows, weight);
    }),
  );
  return ball.free ? tf.where(tf.cast(ball.free, 'bool'), flat, tf.zerosLike(flat)) : flat;
}

/** No perturbation at all. */
export function zeroPerturbations(balls: readonly Pick<Ball, 'rows' | 'size'>[]): tf.Tensor2D[] {
  return balls.map(({ rows, size }) => tf.zeros<tf.Rank.R2>([rows, size]));
}

/** Where a run starts: at a uniformly drawn point of what the ball allows or, without a generator, at the clean input. */
export function startingPoint(ball: Ball, random: Random | undefined): tf.Tensor2D {
  return random ? project(ball, ball.norm.start(random, ball)) : zeroPerturbations([ball])[0]!;
}

/** Halvings of the share of a perturbation that exact constraints allow: it is found to 1/128. */
const BISECTIONS = 7;

/**
 * Brings a perturbation back to where it may be: constraints, ball, range, mask, in this order. If then a constraint
 * that has to hold exactly doesn't, the largest share of the perturbation for which all of it holds.
 */
export function project(ball: Ball, delta: tf.Tensor2D): tf.Tensor2D {
  const once = projectOnce(ball, delta);
  const exact = ball.parts.filter(hasExactConstraints);
  if (exact.length === 0) return once;
  const obeys = (point: tf.Tensor2D) => {
    const rows = allTrue(exact.map((part) => satisfiesConstraints(part, perturbModality(ball, part, point))));
    return tf.expandDims(tf.cast(rows, 'float32'), 1);
  };
  let found: tf.Tensor2D = tf.zerosLike(once);
  let low: tf.Tensor2D = tf.zerosLike(ball.epsilon);
  let high: tf.Tensor2D = tf.onesLike(ball.epsilon);
  let share = high;
  for (let i = 0; i <= BISECTIONS; i++) {
    const point = i === 0 ? once : projectOnce(ball, tf.mul(once, share));
    const good = tf.cast(obeys(point), 'bool');
    found = tf.where(good, point, found);
    low = tf.where(good, share, low);
    high = tf.where(good, high, share);
    share = tf.div(tf.add(low, high), 2);
  }
  return found;
}

function projectOnce(ball: Ball, delta: tf.Tensor2D): tf.Tensor2D {
  const obeying = ball.parts.some(hasConstraints)
    ? joinColumns(ball.parts.map((part) => applyConstraints(ball, part, delta)))
    : delta;
  return clipToBounds(ball, ball.norm.project(obeying, ball));
}

function allTrue(conditions: tf.Tensor1D[]): tf.Tensor1D {
  return conditions
    .map((condition): tf.Tensor1D => tf.cast(condition, 'bool'))
    .reduce((all, condition) => tf.logicalAnd(all, condition));
}

/** The unit in which perturbations of a ball are compared with those of others: its radius, or 1 if that is infinite. */
export function unitOf({ epsilon }: Pick<Ball, 'epsilon'>): tf.Tensor2D {
  return tf.where(tf.isFinite(epsilon), epsilon, tf.onesLike(epsilon));
}

/**
 * How large perturbations are, `[rows, 1]`: the largest share of its ball's radius that any of them takes, so the
 * smallest scale of the threat model that holds them all.
 */
export function relativeSize(balls: readonly Ball[], deltas: readonly tf.Tensor2D[]): tf.Tensor2D {
  return balls
    .map((ball, i) => tf.divNoNan(ball.norm.length(deltas[i]!), unitOf(ball)) as tf.Tensor2D)
    .reduce((largest, size) => tf.maximum(largest, size));
}

/** Whether perturbations are inside their balls but for rounding, `[rows, 1]`, bool. */
export function isInside(balls: readonly Ball[], deltas: readonly tf.Tensor2D[]): tf.Tensor2D {
  return balls
    .map(
      ({ norm, epsilon }, i): tf.Tensor2D => tf.lessEqual(norm.length(deltas[i]!), tf.mul(epsilon, 1 + 1e-6)),
    )
    .reduce((all, inside) => tf.logicalAnd(all, inside));
}

/** The gradient with 0 where following it would only run against the end of the range. */
export function feasibleGradient(ball: Ball, delta: tf.Tensor2D, gradient: tf.Tensor2D): tf.Tensor2D {
  if (!ball.bounds) return gradient;
  const { lower, upper } = ball.bounds;
  const up = tf.logicalAnd(tf.greater(gradient, 0), tf.less(delta, upper));
  const down = tf.logicalAnd(tf.less(gradient, 0), tf.greater(delta, lower));
  return tf.where(tf.logicalOr(up, down), gradient, tf.zerosLike(gradient));
}

/** Whether rules beside ball and range apply to a modality. */
export function hasConstraints({ constraints = [] }: BallPart): boolean {
  return constraints.length > 0;
}

/** Whether some of them have to hold exactly. */
export function hasExactConstraints({ constraints = [] }: BallPart): boolean {
  return constraints.some(({ holds }) => holds);
}

/** Whether rows of a perturbed input obey those, `[rows]`. */
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

/** The columns of one modality. */
export function columnsOf(ball: Ball, { offset, size }: BallPart, delta: tf.Tensor2D): tf.Tensor2D {
  return ball.parts.length === 1 ? delta : tf.slice2d(delta, [0, offset], [-1, size]);
}

function perturbModality(ball: Ball, part: BallPart, delta: tf.Tensor2D): tf.Tensor {
  const columns = columnsOf(ball, part, delta);
  const change = part.weight === 1 ? columns : tf.div(columns, part.weight);
  const moved = tf.add(part.clean, tf.reshape(change, part.clean.shape));
  // clean + (end of the range - clean) may miss the end by a rounding error.
  return part.range ? tf.clipByValue(moved, part.range[0], part.range[1]) : moved;
}

function applyConstraints(ball: Ball, part: BallPart, delta: tf.Tensor2D): tf.Tensor2D {
  if (!hasConstraints(part)) return columnsOf(ball, part, delta);
  const moved = tf.add(
    part.clean,
    tf.reshape(tf.div(columnsOf(ball, part, delta), part.weight), part.clean.shape),
  );
  const ruled = part.constraints!.reduce((point, rule) => rule.apply(point, part.clean), moved);
  return tf.mul(tf.reshape(tf.sub(ruled, part.clean), [ball.rows, part.size]), part.weight);
}

/** The columns of all modalities of a ball, in their order. */
export function joinColumns(columns: tf.Tensor2D[]): tf.Tensor2D {
  return columns.length === 1 ? columns[0]! : tf.concat2d(columns, 1);
}
