import type * as tf from '@tensorflow/tfjs-core';
import { checkThreatModel } from './checkThreatModel.js';
import type { JointBall, JointBudget } from './threatModel.js';

/**
 * One ball over several inputs together, instead of one for each: `norm` of the perturbations of all its modalities, each
 * divided by its `scale` and then concatenated, is at most `epsilon`. The adversary chooses how to split it. With 'linf'
 * this is a ball of radius epsilon * scale in each modality; with 'l2' it contains more than a product of balls.
 * @param norm the common norm
 * @param epsilon radius in units of the scales, 0 or more; a vector `[batch]` gives each sample its own
 * @param modalities the inputs that share the ball, each with its scale (default 1, the input's own unit), step size (in
 *   units of the scale; default 2.5 * epsilon / steps), range, mask and constraints
 * @throws {ThreatModelError} when a value is of the wrong type or outside its limits, a key is unknown or no modality is named
 * @example
 * ```ts
 * import { jointBall, pgd } from '@amr/attacks';
 * // 0.02 m of one joint's coordinate cost as much as 8/255 of one pixel.
 * const epsilon = 1;
 * const attack = pgd(
 *   jointBall('l2', epsilon, {
 *     rgb: { scale: 8 / 255, range: [0, 1] },
 *     skeleton: { scale: 0.02 },
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
