import type * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../tensors/random.js';

/**
 * What differs between norms, on matrices of one perturbation per row. Each function treats each row by itself, is called
 * inside `tf.tidy` and reads nothing back from the backend.
 */
export interface Norm {
  /** A point of the ball, uniformly drawn from those that are 0 where `free` is 0. */
  start(random: Random, ball: BallGeometry): tf.Tensor2D;
  /** The direction in which the loss rises fastest per unit of this norm: rows of length 1, or of 0 where the gradient is 0. */
  direction(gradient: tf.Tensor2D, ball: BallGeometry): tf.Tensor2D;
  /** The length of each row, `[rows, 1]`. */
  length(delta: tf.Tensor2D): tf.Tensor2D;
  /** The length in the dual norm, `[rows, 1]`: the largest w . d over all d of length 1. */
  dual(weights: tf.Tensor2D): tf.Tensor2D;
  /** The nearest point of the ball by Euclidean distance. For l1 that of the intersection of ball and bounds, so that clipping wastes none of epsilon. */
  project(delta: tf.Tensor2D, ball: BallGeometry): tf.Tensor2D;
  /** Whether `direction` moves few coordinates. Those at the end of the range must then not be among them. */
  readonly sparse: boolean;
}

/** The ball without its norm. */
export interface BallGeometry {
  /** Rows, one per sample. */
  readonly rows: number;
  /** Coordinates in a row. */
  readonly size: number;
  /** Radius `[rows, 1]`. */
  readonly epsilon: tf.Tensor2D;
  /** The radius, if all rows have the same. */
  readonly radius?: number;
  /** 1 where the perturbation may differ from 0, `[rows, size]`; absent: it may everywhere. */
  readonly free?: tf.Tensor2D;
  /** Number of coordinates that may differ from 0, `[rows, 1]`. */
  readonly dimensions: tf.Tensor2D;
  /** Smallest and largest perturbation that range and mask allow; absent: any is allowed. */
  readonly bounds?: BallBounds;
  /** Whether the bounds include the radius of the ball, so that clipping to them also projects onto the ball. Default false. */
  readonly tight?: boolean;
}

/** Smallest and largest value of each entry of a perturbation. */
export interface BallBounds {
  /** `[rows, size]`, 0 or less. */
  lower: tf.Tensor2D;
  /** `[rows, size]`, 0 or more. */
  upper: tf.Tensor2D;
}

/**
 * Lengths below this count as this when rows are divided by their length, so that a row of zeros stays one. It is as small as
 * float32 allows with a margin: a larger one, such as 1e-12, would make short steps of gradients that are small only because
 * the input's unit is small.
 */
export const MIN_LENGTH = 1e-30;
