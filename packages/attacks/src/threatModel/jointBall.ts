import type * as tf from '@tensorflow/tfjs-core';
import { checkThreatModel } from './checkThreatModel.js';
import type { JointBall, JointBudget } from './threatModel.js';

/**
 * One ball over several inputs together, instead of one for each: `norm` of the weighted perturbations of all its
 * modalities, concatenated, is at most `epsilon`. The adversary chooses how to split it. With 'linf' this is a ball of
 * radius epsilon / weight in each modality; with 'l2' it contains more than a product of balls.
 * @param norm the common norm
 * @param epsilon radius in weighted units, 0 or more; a vector `[batch]` gives each sample its own
 * @param modalities the inputs that share the ball, each with its range, mask, constraints, weight and step size (in
 *   the input's own units; default 2.5 * epsilon / (steps * weight))
 * @throws {ThreatModelError} when a number is outside its values, a key is unknown or no modality is named
 * @example
 * ```ts
 * import { jointBall, pgd } from '@amr/attacks';
 * // 0.02 m of one joint's coordinate cost as much as 8/255 of one pixel.
 * const epsilon = 1;
 * const attack = pgd(
 *   jointBall('l2', epsilon, {
 *     rgb: { weight: 255 / 8, range: [0, 1] },
 *     skeleton: { weight: 1 / 0.02 },
 *   }),
 * );
 * console.log(attack.name);
 * ```
 */
export function jointBall(
  norm: 'l2' | 'linf',
  epsilon: number | tf.Tensor1D,
  modalities: { [modality: string]: JointBudget },
): JointBall {
  const ball: JointBall = { kind: 'joint', norm, epsilon, modalities };
  // The attack that takes the ball decides whether its epsilon may be infinite.
  checkThreatModel(ball, { path: 'jointBall', allowInfiniteEpsilon: true });
  return ball;
}
