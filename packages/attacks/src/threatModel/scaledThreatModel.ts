import { formatValue } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { budgetChecks } from '../options.js';
import { mapBalls } from './ballSpecs.js';
import { attackedModalities, isJointBall, type ThreatModel } from './threatModel.js';

const { checkOption } = budgetChecks;

/**
 * A threat model with its epsilons and step sizes multiplied.
 * @param scale 0 or more. A vector `[batch]` scales each sample's epsilon and drops step sizes, so that they follow from
 *   epsilon; the caller disposes of the vector epsilons in the result. An object scales each modality that it names by
 *   its own number or vector, and leaves the others as they are
 * @throws {ThreatModelError} when an object is given for a joint ball, whose modalities share one epsilon, or names a
 *   modality that has no budget
 */
export function scaledThreatModel(
  threatModel: ThreatModel,
  scale: number | tf.Tensor1D | { readonly [modality: string]: number | tf.Tensor1D },
): ThreatModel {
  if (typeof scale !== 'number' && !(scale instanceof tf.Tensor)) {
    const expected = 'one number or vector, since a joint ball has one epsilon';
    checkOption('scale', scale, !isJointBall(threatModel), expected);
    const known = attackedModalities(threatModel);
    const good = Object.keys(scale).every((name) => known.includes(name));
    checkOption('scale', scale, good, `scales for modalities with a budget, ${formatValue(known)}`);
  }
  const scaleOf = (modality: string) =>
    typeof scale === 'number' || scale instanceof tf.Tensor ? scale : (scale[modality] ?? 1);
  return mapBalls(
    threatModel,
    (epsilon, modality) => {
      const factor = scaleOf(modality);
      return typeof epsilon === 'number' && typeof factor === 'number'
        ? epsilon * factor
        : tf.tidy(() => tf.mul<tf.Tensor1D>(epsilon, factor));
    },
    ({ stepSize, ...budget }, modality) => {
      const factor = scaleOf(modality);
      return stepSize === undefined || typeof factor !== 'number' || factor === 0
        ? budget
        : { ...budget, stepSize: stepSize * factor };
    },
  );
}
