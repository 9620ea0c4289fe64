/*
 * A ball is where a perturbation may be: norm, radius, range and mask around one clean batch. A perturbation of a ball is a
 * matrix with a row per sample: the changes of its modalities, each divided by its scale, flattened and concatenated. That is
 * why each norm is written once, for inputs of any rank, for joint balls, and whatever the scale of a channel or element.
 * Range and mask become bounds on the entries of the matrix, which also are computed once. perturbation.ts has the functions
 * that start, project and apply perturbations.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from '../classifier/classifier.js';
import { takeRows } from '../tensors/takeRows.js';
import { tidyObject } from '../tensors/tidyObject.js';
import { type BallPart, inUnitsOfScale, joinColumns, partOf } from './ballPart.js';
import { type BallSpec, ballSpecsOf } from './ballSpecs.js';
import { extentOf } from './extent.js';
import type { BallBounds, BallGeometry, Norm } from './norms/norm.js';
import { norms } from './norms/norms.js';
import type { JointBudget, ThreatModel } from './threatModel.js';

/** One ball of a threat model around one batch. */
export interface Ball extends BallGeometry {
  /** The norm that measures its perturbations. */
  readonly norm: Norm;
  /** The unit of lengths that can't be measured in radii, `[rows, 1]`; see {@link extentOf}. */
  readonly extent: tf.Tensor2D;
  /** Length of a step: `[rows, 1]`, or per coordinate where modalities of a joint ball differ. */
  readonly stepSize: tf.Tensor2D;
  /** The modalities in it, in the order of their columns. */
  readonly parts: readonly BallPart[];
}

/** Options of {@link ballsAround}. */
export interface BallOptions {
  /** The length of a step in radii, for modalities whose budget has no step size. */
  stepLength: number;
  /** Whether step sizes of budgets are used. */
  useBudgetStepSize: boolean;
  /**
   * Whether no perturbation may leave the balls. Then the bounds of a linf ball include its radius, so that ball, range
   * and mask are one clip. Default false.
   */
  stayInside?: boolean;
}

/**
 * The balls of a threat model around a batch; {@link disposeBalls} frees them.
 * @param masks for each modality with a mask its mask of 0 and 1, in the input's shape
 */
export function ballsAround(
  inputs: Modalities,
  threatModel: ThreatModel,
  masks: Modalities,
  options: BallOptions,
): Ball[] {
  return tidyObject(() => ballSpecsOf(threatModel).map((spec) => ballAround(spec, inputs, masks, options)));
}

function ballAround(spec: BallSpec, inputs: Modalities, masks: Modalities, options: BallOptions): Ball {
  const names = Object.keys(spec.modalities);
  const rows = inputs[names[0]!]!.shape[0]!;
  const epsilon: tf.Tensor2D =
    typeof spec.epsilon === 'number'
      ? tf.fill<tf.Rank.R2>([rows, 1], spec.epsilon)
      : tf.reshape<tf.Rank.R2>(tf.cast(spec.epsilon, 'float32'), [rows, 1]);
  let size = 0;
  const columns = names.map((modality) => {
    const budget = spec.modalities[modality]!;
    const part = partOf(modality, budget, inputs[modality]!, size);
    size += part.size;
    return { part, mask: masks[modality], stepSize: stepSizeOf(budget, epsilon, options) };
  });
  const parts = columns.map(({ part }) => part);
  const radius = typeof spec.epsilon === 'number' ? spec.epsilon : undefined;
  const masked = columns.some(({ mask }) => mask);
  const free = masked ? joinColumns(columns.map(({ part, mask }) => freeEntries(part, mask))) : undefined;
  const limited = masked || parts.some(({ range }) => range);
  const tight = limited && options.stayInside && spec.norm === 'linf';
  const bounds = limited ? boundsOf(columns) : undefined;
  return {
    norm: norms[spec.norm],
    rows,
    size,
    epsilon,
    radius,
    extent: extentOf(parts, epsilon, radius),
    tight,
    stepSize:
      columns.length === 1
        ? columns[0]!.stepSize
        : joinColumns(columns.map(({ stepSize, part }) => tf.tile(stepSize, [1, part.size]))),
    free,
    dimensions: free ? tf.sum(free, 1, true) : tf.fill([rows, 1], size),
    bounds:
      bounds && tight
        ? { lower: tf.maximum(bounds.lower, tf.neg(epsilon)), upper: tf.minimum(bounds.upper, epsilon) }
        : bounds,
    parts,
  };
}

function stepSizeOf({ stepSize }: JointBudget, epsilon: tf.Tensor2D, options: BallOptions): tf.Tensor2D {
  return options.useBudgetStepSize && stepSize !== undefined
    ? tf.fill<tf.Rank.R2>([epsilon.shape[0], 1], stepSize)
    : tf.mul<tf.Tensor2D>(epsilon, options.stepLength);
}

/** 1 where the mask lets the attack write, `[rows, size]`. */
function freeEntries({ clean, size }: BallPart, mask: tf.Tensor | undefined): tf.Tensor2D {
  const shape: [number, number] = [clean.shape[0]!, size];
  return mask ? tf.reshape<tf.Rank.R2>(mask, shape) : tf.ones<tf.Rank.R2>(shape);
}

/** Smallest and largest perturbation that ranges and masks allow. */
function boundsOf(columns: readonly { part: BallPart; mask: tf.Tensor | undefined }[]): BallBounds {
  const bound = (part: BallPart, mask: tf.Tensor | undefined, end: 0 | 1, unlimited: number): tf.Tensor2D => {
    const { clean, size, range } = part;
    const shape: [number, number] = [clean.shape[0]!, size];
    const reach = range
      ? inUnitsOfScale(part, tf.reshape<tf.Rank.R2>(tf.sub(range[end], clean), shape))
      : tf.fill<tf.Rank.R2>(shape, unlimited);
    return mask ? tf.where(tf.cast(freeEntries(part, mask), 'bool'), reach, tf.zerosLike(reach)) : reach;
  };
  return {
    lower: joinColumns(columns.map(({ part, mask }) => bound(part, mask, 0, -Infinity))),
    upper: joinColumns(columns.map(({ part, mask }) => bound(part, mask, 1, Infinity))),
  };
}

/** Frees the tensors of {@link ballsAround}. */
export function disposeBalls(balls: readonly Ball[]): void {
  for (const { epsilon, extent, stepSize, free, dimensions, bounds, parts } of balls) {
    const own = parts.flatMap(({ clean, scale, range = [] }) => [clean, scale, ...range]);
    tf.dispose([epsilon, extent, stepSize, dimensions, ...own]);
    if (free) tf.dispose(free);
    if (bounds) tf.dispose([bounds.lower, bounds.upper]);
  }
}

/** Some rows of the balls, in new tensors. @param rows their indices, int32 */
export function takeBallRows(balls: readonly Ball[], rows: tf.Tensor1D): Ball[] {
  return tidyObject(() =>
    balls.map((ball) => {
      const { epsilon, extent, stepSize, free, dimensions, bounds } = ball;
      const taken = takeRows({ epsilon, extent, stepSize, free, dimensions, bounds }, rows);
      const parts = ball.parts.map((part) => {
        const { clean, scale, range } = part;
        return { ...part, ...takeRows({ clean, scale, range }, rows) };
      });
      return { ...ball, ...taken, rows: rows.size, parts };
    }),
  );
}

/** The columns of one modality. */
export function columnsOf(ball: Ball, { offset, size }: BallPart, delta: tf.Tensor2D): tf.Tensor2D {
  return ball.parts.length === 1 ? delta : tf.slice2d(delta, [0, offset], [-1, size]);
}
