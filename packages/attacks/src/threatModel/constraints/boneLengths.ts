import type { SkeletonAxes } from '../../skeleton/skeletonAxes.js';
import type { Constraint } from '../constraint.js';
import { lengthRule } from './boundedBoneLengths.js';
import type { BoneOptions } from './kinematicTree.js';

/** Options of {@link boneLengths}. */
export interface BoneLengthsOptions extends BoneOptions {
  /** Where joints and coordinates are. Default: the last two axes. */
  axes?: Omit<SkeletonAxes, 'frames'>;
}

/**
 * Bones as long as they were: |x_child - x_parent| stays the same for each bone in each frame, as the spatial
 * constraints of CIASA (Liu, Akhtar and Mian 2020) and the bone length term of SMART's perceptual loss (Wang
 * et al., CVPR 2021) ask for; there they are a penalty or hold roughly, here they hold exactly: to two millionths (2^-19)
 * of the sample's largest coordinate, 6 micrometres at 3 m from the camera, which is what float32 can store.
 *
 * Joints are placed from the root on, each one on the sphere around its parent, towards where the step has put it. No
 * coordinate is moved further than the row's largest move before, so that in an linf ball nothing is cut off afterwards:
 * for steps along random directions and a ball of 0.02 m on the 20 joints of Kinect v1, PGD keeps 0.58 of what it would
 * gain to first order without the rule (0.25 if joints were placed without regard for the ball; a linear program, which
 * neglects curvature, gives 0.74 as the most there is). What ball, range and mask then undo, the attack mends by
 * shortening the row's perturbation.
 *
 * A mask should hold joints whose way to the root is held too, such as all but an arm with the root in the trunk: then
 * what it leaves free moves on exact bones. Under other masks the rule costs most of the perturbation or all of it. Bodies
 * that are absent, all zero, stay so. Two exact rules that pull apart, such as this one and {@link boundedAcceleration},
 * cost each other most of the perturbation: make one of them a term of the loss, {@link withMotionTerm}.
 *
 * The number of tf operations follows the depth of the tree, not the number of joints. One try takes 0.2 s on the wasm
 * backend for 16 samples of two persons, 64 frames and 20 joints; a step has eight tries.
 * @throws {ThreatModelError} when the edges are no tree; in `perturb`, when the input has another number of joints
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { type Classifier, boneLengths, pgd } from '@amr/attacks';
 * // An arm of three bones. For known skeletons take skeletonGraph('ntu-rgb+d').edges of @amr/encoders.
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
  return lengthRule('boneLengths', { ...options, change: 0 });
}
