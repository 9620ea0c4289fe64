import { budgetChecks } from '../../options.js';
import type { SkeletonAxes } from '../../skeleton/skeletonAxes.js';
import type { Constraint } from '../constraint.js';
import { lengthConstraint } from './boundedBoneLengths.js';
import { BONE_KEYS, type BoneOptions } from './kinematicTree.js';

/** Options of {@link boneLengths}. */
export interface BoneLengthsOptions extends BoneOptions {
  /** Where joints and coordinates are. Default: the last two axes. */
  axes?: Omit<SkeletonAxes, 'frames'>;
}

/**
 * Constant bone lengths: |x_child - x_parent| stays the same for each bone in each frame. The spatial constraints of CIASA
 * (Liu, Akhtar and Mian 2020) and the bone length term of SMART's perceptual loss (Wang et al., CVPR 2021) ask for the
 * same, as a penalty or approximately. Here lengths are exact: to two millionths (2^-19) of the sample's largest coordinate,
 * 6 micrometres at 3 m from the camera, which is what float32 can store.
 *
 * Joints are placed from the root on, each on the sphere around its parent, in the direction of its position after the
 * step. No coordinate moves further than the row's largest move before, so that an linf ball clips nothing afterwards. For
 * steps along random directions and a ball of 0.02 m on the 20 joints of Kinect v1, PGD retains 0.58 of its gain to first
 * order without the constraint (0.25 if joints were placed without regard for the ball; a linear program, which neglects
 * curvature, gives 0.74 as the upper bound). Where ball, range and mask violate the constraint again, the attack shortens the
 * row's perturbation.
 *
 * A mask should hold joints together with their path to the root, such as all but an arm with the root in the trunk: then
 * the free joints move on exact bones. With other masks the constraint costs most of the perturbation or all of it. Absent
 * bodies, all zero, stay so. Two exact constraints that contradict each other, such as this one and
 * {@link boundedAcceleration}, cost each other most of the perturbation: make one of them a term of the loss,
 * {@link withMotionTerm}.
 *
 * The number of tf operations grows with the depth of the tree, not with the number of joints. One call of `apply` takes
 * 0.2 s on the wasm backend for 16 samples of two persons, 64 frames and 20 joints; a step calls it eight times.
 * @throws {ThreatModelError} when the edges are not a tree or an option is unknown; in `perturb`, when the input has another
 *   number of joints
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { type Classifier, boneLengths, pgd } from '@amr/attacks';
 * // An arm of three bones. For known skeletons use skeletonGraph('ntu-rgb+d').edges of @amr/encoders.
 * const edges: [number, number][] = [[0, 1], [1, 2], [2, 3]];
 * const weights = tf.randomNormal([24, 2]) as tf.Tensor2D;
 * const classifier: Classifier = ({ skeleton }) => tf.matMul(tf.reshape(skeleton!, [-1, 24]), weights);
 * const attack = pgd({
 *   skeleton: { norm: 'linf', epsilon: 0.02, constraints: [boneLengths({ edges })] },
 * });
 * const clean = { skeleton: tf.randomNormal([3, 1, 2, 4, 3]) }; // [batch, persons, frames, joints, coordinates]
 * const moved = await attack.perturb(classifier, clean, tf.tensor1d([0, 1, 0], 'int32'));
 * console.log(moved.skeleton!.shape);
 * ```
 */
export function boneLengths(options: BoneLengthsOptions): Constraint {
  budgetChecks.rejectUnknownOptions('boneLengths', options, [
    ...BONE_KEYS,
    'axes',
  ] satisfies (keyof BoneLengthsOptions)[]);
  return lengthConstraint('boneLengths', { ...options, change: 0 });
}
