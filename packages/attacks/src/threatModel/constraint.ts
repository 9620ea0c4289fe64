import type * as tf from '@tensorflow/tfjs-core';

/**
 * A rule that perturbed inputs of one modality have to obey beside the ball and the range, such as constant
 * bone lengths or the same perturbation in each frame. It is applied after every step and to random starts,
 * before the projection onto the ball and the clipping to the range, which may undo a part of it unless the rule
 * can tell whether it `holds`.
 */
export interface Constraint {
  /** What it is called in messages and reports. */
  readonly name: string;
  /**
   * Maps a perturbed input onto one that obeys the rule. Called inside `tf.tidy`.
   * @param perturbed the input after the step, in its own shape and units
   * @param clean the input before the attack, the same shape
   * @returns a tensor of the same shape; rows must not depend on one another
   */
  apply(perturbed: tf.Tensor, clean: tf.Tensor): tf.Tensor;
  /**
   * Optional: whether each row obeys, `[batch]`, 0 or 1. With it the rule holds exactly in what an attack returns,
   * together with ball, range and mask: if those undid a part of it, the perturbation p is shortened row by row to the
   * largest share t in [0, 1], found by bisection, for which apply(clean + t * p) obeys everything. So `apply` must
   * be continuous, leave the clean input as it is, and `holds` must be true of it.
   */
  holds?(perturbed: tf.Tensor, clean: tf.Tensor): tf.Tensor1D;
}
