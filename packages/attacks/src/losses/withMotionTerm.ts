import { formatValue, mismatch } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { AttackInputError } from '../errors.js';
import { checkNotNegative, rejectUnknownOptions } from '../options.js';
import { accelerations, motionOf } from '../skeleton/motion.js';
import { checkSkeletonAxes, type SkeletonAxes } from '../skeleton/skeletonAxes.js';
import type { AttackLoss, ObservedLoss } from './attackLoss.js';
import { sumOfLosses } from './sumOfLosses.js';

/** Options of {@link withMotionTerm}. */
export interface MotionTermOptions {
  /** The input whose motion stays smooth. */
  modality: string;
  /** Weight of the mean squared change of accelerations, in the input's units per frame squared; 0 or more. */
  weight: number;
  /** Weight of the mean squared change of positions, in the input's units; 0 or more. Default 0. */
  position?: number;
  /** Where frames, joints and coordinates are. Default: the last three axes. */
  axes?: SkeletonAxes;
}

/**
 * A loss that also keeps the motion close to the clean one: loss - weight * mean |x''(t) - c''(t)|^2 - position * mean
 * |x(t) - c(t)|^2, with x the perturbed and c the clean joints, x''(t) = x(t+1) - 2 x(t) + x(t-1), and means over the bodies
 * and frames that are present. These are the terms for dynamics in SMART's perceptual loss (Wang et al., CVPR 2021) as in the
 * authors' code. Its third part, bone lengths, is here the constraint {@link boneLengths}; {@link boundedAcceleration} bounds
 * accelerations instead of penalising them.
 *
 * In metres, accelerations change by some 0.01 in a ball of 0.02, so the term matters compared with log-odds for weights
 * from 100 on. The authors' code weighs the loss by 0.6, squared moves by 0.4, bone lengths by 0.42 and accelerations, per
 * second squared at 30 frames a second, by 0.18, and sums over joints and coordinates where this loss takes the mean over
 * joints. Neither torchattacks nor Foolbox has such a loss.
 * @param loss the loss from which the terms are subtracted
 * @throws {AttackOptionsError} when a weight is below 0, an option is unknown or the loss is not valid; in an attack
 *   {@link AttackInputError} when the classifier has no such input, or the input has fewer than 3 frames
 * @example
 * ```ts
import * as tf from '@tensorflow/tfjs-core';
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
  rejectUnknownOptions('withMotionTerm', options, [
    'modality',
    'weight',
    'position',
    'axes',
  ] satisfies (keyof MotionTermOptions)[]);
  checkSkeletonAxes('withMotionTerm.axes', options.axes);
  checkNotNegative('withMotionTerm.weight', weight);
  checkNotNegative('withMotionTerm.position', position);
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
        const expected = `one of the inputs, ${formatValue(Object.keys(inputs))}`;
        throw new AttackInputError(mismatch('withMotionTerm.modality', modality, expected));
      }
      const { arrange, sumByRow, present, steady } = motionOf(from, axes, 'withMotionTerm.axes');
      if (!steady) {
        const expected = `three frames or more for withMotionTerm, but it has ${present.shape[0]}`;
        throw new AttackInputError(mismatch(`inputs.${modality}`, from, expected));
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
