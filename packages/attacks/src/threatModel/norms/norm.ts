import type * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../tensors/random.js';

/**
 * What differs between norms, on matrices of one perturbation per row. All are functions of a row alone, called
 * inside `tf.tidy`, and read nothing back.
 */
export interface Norm {
  /** A point of the ball, uniformly drawn among those that are zero where `free` is. */
  start(random: Random, ball: BallGeometry): tf.Tensor2D;
  /** Where the loss rises fastest per unit of this norm: rows of length 1, or 0 where the gradient is zero. */
  direction(gradient: tf.Tensor2D, ball: BallGeometry): tf.Tensor2D;
  /** How long each row is, `[rows, 1]`. */
  length(delta: tf.Tensor2D): tf.Tensor2D;
  /** The length in the dual norm, `[rows, 1]`: the largest w . d over all d of length 1. */
  dual(weights: tf.Tensor2D): tf.Tensor2D;
  /** The nearest point, in the Euclidean sense, of the ball; for l1 of what ball and bounds share, so that clipping wastes nothing. */
  project(delta: tf.Tensor2D, ball: BallGeometry): tf.Tensor2D;
  /** Whether `direction` moves few coordinates, so that those already at the end of the range must not be among them. */
  readonly sparse: boolean;
}

/** The ball that a norm works in. */
export interface BallGeometry {
  /** Rows, one per sample. */
  readonly rows: number;
  /** Coordinates in a row. */
  readonly size: number;
  /** Radius `[rows, 1]`. */
  readonly epsilon: tf.Tensor2D;
  /** The radius, if it is that of all rows. */
  readonly radius?: number;
  /** 1 where the perturbation may differ from 0, `[rows, size]`; absent: everywhere. */
  readonly free?: tf.Tensor2D;
  /** Number of coordinates that may differ from 0, `[rows, 1]`. */
  readonly dimensions: tf.Tensor2D;
  /** Smallest and largest perturbation that range and mask allow, `[rows, size]`; absent: any. */
  readonly bounds?: { lower: tf.Tensor2D; upper: tf.Tensor2D };
  /** Whether the bounds are those of the ball as well, so that nothing is left to project. Default false. */
  readonly tight?: boolean;
}

/** Divides rows by their lengths, leaving rows shorter than 1e-12 shorter than 1. */
export const MIN_LENGTH = 1e-12;
