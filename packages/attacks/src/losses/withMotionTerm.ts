import * as tf from '@tensorflow/tfjs-core';
import { AttackInputError, shown } from '../errors.js';
import { checkNotNegative } from '../options.js';
import { motionOf } from '../skeleton/motion.js';
import type { SkeletonAxes } from '../skeleton/skeletonAxes.js';
import { accelerations } from '../threatModel/constraints/smoothing.js';
import type { AttackLoss, ObservedLoss } from './attackLoss.js';
import { sumOfLosses } from './sumOfLosses.js';

/** Options of {@link withMotionTerm}. */
export interface MotionTermOptions {
  /** The input whose motion shall stay smooth. */
  modality: string;
  /** What a mean squared change of acceleration of 1, in the input's units per frame squared, takes off the loss; 0 or more. */
  weight: number;
  /** What a mean squared change of position of 1, in the input's units, takes off the loss. Default 0. */
  position?: number;
  /** Where frames, joints and coordinates are. Default: the last three axes. */
  axes?: SkeletonAxes;
}

/**
 * A loss that also keeps the motion near to the clean one: loss - weight * mean |x''(t) - c''(t)|^2 - position * mean
 * |x(t) - c(t)|^2, with x the perturbed and c the clean joints, x''(t) = x(t+1) - 2 x(t) + x(t-1), means over the bodies and
 * frames that are there. These are the terms for dynamics in SMART's perceptual loss (Wang et al., CVPR 2021) as the
 * authors' code has them; its third part, bone lengths, is the rule {@link boneLengths} here, and a bound on
 * accelerations instead of a price {@link boundedAcceleration}.
 *
 * In metres, accelerations change by some 0.01 under a ball of 0.02, so weights from 100 on matter beside log-odds.
 * Differs from the authors' code, which weighs the loss by 0.6, squared moves by 0.4, bone lengths by 0.42 and
 * accelerations, per second squared at 30 frames a second, by 0.18, and sums over joints and coordinates where this
 * takes the mean over joints. Neither torchattacks nor Foolbox has it.
 * @param loss what is raised beside it
 * @throws {AttackOptionsError} when a weight is below 0 or the loss is none; in an attack {@link AttackInputError} when the
 *   classifier has no such input, or it has fewer than 3 frames
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { type Classifier, pgd, withMotionTerm } from '@amr/attacks';
 * const weights = tf.randomNormal([60, 2]) as tf.Tensor2D;
 * const classifier: Classifier = ({ skeleton }) => tf.matMul(tf.reshape(skeleton!, [-1, 60]), weights);
 * const loss = withMotionTerm('cross-entropy', { modality: 'skeleton', weight: 1000 });
 * const attack = pgd({ skeleton: { norm: 'l2', epsilon: 0.1 } }, { loss });
 * const clean = { skeleton: tf.randomNormal([2, 1, 5, 4, 3]) }; // [batch, persons, frames, joints, coordinates]
 * await attack.perturb(classifier, clean, tf.tensor1d([0, 1], 'int32'));
 * ```
 */
export function withMotionTerm(loss: AttackLoss, options: MotionTermOptions): ObservedLoss {
  const { weight, position = 0 } = options;
  for (const [name, value] of Object.entries({ weight, position })) checkNotNegative(name, value);
  return sumOfLosses(
    [{ loss }, { loss: changeOfMotion(options, weight, position), weight: -1 }],
    'loss with a motion term',
  );
}

function changeOfMotion(
  { modality, axes }: MotionTermOptions,
  weight: number,
  position: number,
): ObservedLoss {
  return {
    name: `change of motion of '${modality}'`,
    compute: ({ inputs, clean }) => {
      const from = clean[modality];
      const to = inputs[modality];
      if (!from || !to) {
        throw new AttackInputError(
          `The motion term is for '${modality}'; the inputs hold ${Object.keys(inputs).map(shown).join(', ')}.`,
        );
      }
      const { arrange, sumByRow, present, steady } = motionOf(from, axes);
      if (!steady) {
        throw new AttackInputError(
          `The motion term needs three frames or more; '${modality}' is ${shown(from)} with ${present.shape[0]}.`,
        );
      }
      const change = arrange(tf.sub(to, from));
      const mean = (vectors: tf.Tensor3D, where: tf.Tensor3D) =>
        tf.div<tf.Tensor1D>(sumByRow(tf.mul(tf.square(vectors), where)), tf.maximum(sumByRow(where), 1));
      return tf.add(
        tf.mul(mean(accelerations(change), steady), weight),
        tf.mul(mean(change, present), position),
      );
    },
  };
}
