import * as tf from '@tensorflow/tfjs-core';
import { boundOn, boundTensorOn } from './bound.js';
import type { Constraint } from './constraint.js';
import type { Bound, JointBudget } from './threatModel.js';

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
  /** The unit in which changes of this input count in the ball, a number or for each entry `[rows, size]`. */
  readonly scale: number | tf.Tensor2D;
  /** Smallest and largest valid value: numbers, or tensors of the input's shape. */
  readonly range?: readonly [number, number] | readonly [tf.Tensor, tf.Tensor];
  /** Constraints in the order in which they are applied. */
  readonly constraints?: readonly Constraint[];
}

/** A modality's columns of a ball around its clean input. Call it inside a tidy. @param offset first column */
export function partOf(modality: string, budget: JointBudget, input: tf.Tensor, offset: number): BallPart {
  const { constraints } = budget;
  const clean = tf.clone(input);
  const size = clean.size / clean.shape[0]!;
  const scale = boundOn(budget.scale ?? 1, clean);
  return {
    modality,
    clean,
    offset,
    size,
    scale: typeof scale === 'number' ? scale : tf.reshape<tf.Rank.R2>(scale, [clean.shape[0]!, size]),
    range: budget.range && rangeOn(budget.range, clean),
    constraints,
  };
}

/** A range on an input: two numbers, or two tensors of its shape. */
function rangeOn([low, high]: readonly [Bound, Bound], clean: tf.Tensor): NonNullable<BallPart['range']> {
  return typeof low === 'number' && typeof high === 'number'
    ? [low, high]
    : [boundTensorOn(low, clean), boundTensorOn(high, clean)];
}

/** A change of a modality, `[rows, size]`, in units of its scale. */
export function inUnitsOfScale({ scale }: BallPart, change: tf.Tensor2D): tf.Tensor2D {
  return scale === 1 ? change : tf.div(change, scale);
}

/** A change of a modality in units of its scale, `[rows, size]`, in the input's own units. */
export function inInputUnits({ scale }: BallPart, change: tf.Tensor2D): tf.Tensor2D {
  return scale === 1 ? change : tf.mul(change, scale);
}

/** The columns of all modalities of a ball, in their order. */
export function joinColumns(columns: tf.Tensor2D[]): tf.Tensor2D {
  return columns.length === 1 ? columns[0]! : tf.concat2d(columns, 1);
}
