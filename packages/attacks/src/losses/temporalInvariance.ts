import * as tf from '@tensorflow/tfjs-core';
import { checkOption, rejectUnknownOptions } from '../options.js';
import type { AttackLoss, ObservedLoss } from './attackLoss.js';
import { innerValueOf } from './features/innerValueOf.js';
import { temporalVariation } from './features/temporalVariation.js';
import { sumOfLosses } from './sumOfLosses.js';

/** Features with an axis of time, for {@link temporalInvariance}. */
export interface TemporalFeatures {
  /** The output or layer with the features, `[batch, ..., channels]`. */
  name: string;
  /** The axis of time. Default 1. */
  axis?: number;
}

/** Options of {@link temporalInvariance}. */
export interface TemporalInvarianceOptions {
  /** For each modality its features: a name if time is axis 1, or a name and an axis. */
  features: { [modality: string]: string | TemporalFeatures };
  /** Weight of the variation, in units of the loss; with a negative weight the attack maximises the variation. Default 1. */
  weight?: number;
  /** The loss from which the variation is subtracted. Default 'cross-entropy'. */
  loss?: AttackLoss;
}

/**
 * The loss of the temporal invariance attack of Zhang, Liang, Shimada and Xu, "Rethinking audio-visual adversarial
 * vulnerability from temporal and modality perspectives", ICLR 2025 (arXiv 2502.11858, eq. 2 and 4). The attack maximises
 *
 * loss - weight * mean over the modalities of {@link temporalVariation} of their features,
 *
 * so that the attack spends its budget on what consecutive segments of time have in common, which other classifiers use
 * too. A lower variation is for examples that transfer: according to the authors' answer to their reviewers, a higher
 * variation fooled the classifier itself more often (86.7 % against 82.3 % after 5 steps) and another classifier less often
 * (50.5 % against 54.9 %). A weight below 0 maximises the variation.
 *
 * This is a reconstruction: the equations were not at hand, only accounts of them in the public reviews. There, eq. 2
 * is a variance of features over frames that were transformed (scaled, masked, blurred, mixed) at random, and no
 * weight is given. Here it is the mean of 1 - cos over consecutive segments, which doesn't depend on the scale of the
 * features, without transformations. For these use `withPreprocessing` with random functions and `draws` of `pgd`.
 * The default weight is ours.
 *
 * A sum like this is not a stronger attack on the classifier itself: report it in addition to the plain loss, not instead.
 * torchattacks and Foolbox have no counterpart. The loss costs no additional passes, only the layers that only the features
 * need.
 * @throws {AttackOptionsError} when no features are named, the weight is not finite or an option is unknown; in an attack
 *   {@link AttackInputError} when features have no such axis
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
 * import { classifierOf, pgd, temporalInvariance } from '@amr/attacks';
 * const skeleton = input({ shape: [2, 6, 5, 3], name: 'skeleton' }); // persons, frames, joints, coordinates
 * const features = layers.dense({ units: 8, activation: 'relu', name: 'features' }).apply(skeleton);
 * const logits = layers.dense({ units: 3 }).apply(layers.flatten().apply(features)) as SymbolicTensor;
 * const loss = temporalInvariance({ features: { skeleton: { name: 'features', axis: 2 } } });
 * const attack = pgd({ skeleton: { norm: 'linf', epsilon: 0.02 } }, { loss, steps: 5 });
 * const classifier = classifierOf(model({ inputs: skeleton, outputs: logits }));
 * await attack.perturb(classifier, { skeleton: tf.randomNormal([4, 2, 6, 5, 3]) }, tf.tensor1d([0, 1, 2, 0], 'int32'));
 * ```
 */
export function temporalInvariance(options: TemporalInvarianceOptions): ObservedLoss {
  const { features, weight = 1, loss = 'cross-entropy' } = options;
  rejectUnknownOptions('temporalInvariance', options, [
    'features',
    'weight',
    'loss',
  ] satisfies (keyof TemporalInvarianceOptions)[]);
  checkOption('temporalInvariance.weight', weight, Number.isFinite(weight), 'a finite number');
  const entries = Object.entries(features ?? {});
  checkOption(
    'temporalInvariance.features',
    features,
    entries.length > 0,
    'the features of one modality or more',
  );
  const named = entries.map(([modality, one]) => {
    if (typeof one === 'string') return { name: one };
    const path = `temporalInvariance.features.${modality}`;
    rejectUnknownOptions(path, one, ['name', 'axis'] satisfies (keyof TemporalFeatures)[]);
    return one;
  });
  const variation: ObservedLoss = {
    name: 'temporal variation',
    observed: named.map(({ name }) => name),
    compute: ({ labels, observed }) => {
      const variations = named.map(({ name, axis }) =>
        temporalVariation(innerValueOf(observed, name, labels.shape[0], 3), axis),
      );
      return tf.div<tf.Tensor1D>(tf.addN(variations), named.length);
    },
  };
  return sumOfLosses([{ loss }, { loss: variation, weight: -weight }], 'temporal invariance');
}
