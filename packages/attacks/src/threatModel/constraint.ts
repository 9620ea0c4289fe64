import type * as tf from '@tensorflow/tfjs-core';

/**
 * A constraint on the perturbed inputs of one modality, in addition to ball and range, such as constant bone lengths or
 * the same perturbation in each frame. It is applied after every step and to random starts, before the projection onto the
 * ball and the clipping to the range. These may violate it again, unless the constraint has a function `holds`.
 */
export interface Constraint {
  /** The constraint's name in messages and reports. */
  readonly name: string;
  /**
   * Maps a perturbed input onto one that satisfies the constraint. Called inside `tf.tidy`.
   * @param perturbed the input after the step, in its own shape and units
   * @param clean the input before the attack, of the same shape
   * @returns a tensor of the same shape; rows must not depend on one another
   */
  apply(perturbed: tf.Tensor, clean: tf.Tensor): tf.Tensor;
  /**
   * Optional: whether each row satisfies the constraint, `[batch]`, 0 or 1. With this function the result of an attack
   * satisfies the constraint exactly, together with ball, range and mask. Where these violate it again, each row's
   * perturbation p is multiplied by the largest factor t in [0, 1], found by bisection, for which apply(clean + t * p)
   * satisfies all of them. So `apply` must be continuous and leave the clean input as it is, and `holds` must be true of
   * the clean input.
   */
  holds?(perturbed: tf.Tensor, clean: tf.Tensor): tf.Tensor1D;
}
