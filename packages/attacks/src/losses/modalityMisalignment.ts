import { formatValue, mismatch } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { AttackInputError } from '../errors.js';
import { checkOneOf, checkOption, rejectUnknownOptions } from '../options.js';
import type { AttackLoss, LossInputs, ObservedLoss } from './attackLoss.js';
import { cosineSimilarity } from './features/cosineSimilarity.js';
import { innerValueOf } from './features/innerValueOf.js';
import { poolExcept } from './features/poolExcept.js';
import { sumOfLosses } from './sumOfLosses.js';

/** Options of {@link modalityMisalignment}. */
export interface ModalityMisalignmentOptions {
  /** For each modality the output or layer with its features, `[batch, ..., channels]`. */
  features: { [modality: string]: string };
  /**
   * What features are compared with: `'each other'`, those of the other modalities, pair by pair, which needs equal
   * numbers of channels; or `'clean'`, the same features at the clean input. Default 'each other'.
   */
  against?: 'each other' | 'clean';
  /** Weight of the similarity, in units of the loss; with a negative weight the attack maximises the similarity. Default 1. */
  weight?: number;
  /** The loss from which the similarity is subtracted. Default 'cross-entropy'. */
  loss?: AttackLoss;
}

/**
 * The loss of the modality misalignment attack of Zhang, Liang, Shimada and Xu, "Rethinking audio-visual adversarial
 * vulnerability from temporal and modality perspectives", ICLR 2025 (arXiv 2502.11858, eq. 3 and 4). The attack maximises
 *
 * loss - weight * mean over pairs of modalities of cos(f_a, f_b),
 *
 * with f_m the mean of a modality's features over all axes but batch and channels. Fusion relies on modalities that agree;
 * this loss drives them apart, towards examples that also fool other classifiers.
 *
 * This is a reconstruction: the equations were not at hand, only accounts of them in the public reviews. According to these,
 * eq. 3 is printed as f_a . f_v / |f_a . f_v|^2, not as a cosine, and no weight is given. The default weight is ours.
 * Features of different modalities seldom have equal channels: then use auxiliary logits as features (the authors also
 * mention the predictions p_a . p_v), or compare `against: 'clean'`, which is ours. There the similarity starts at its
 * maximum, so the first step follows the loss alone.
 *
 * A sum like this is not a stronger attack on the classifier itself: report it in addition to the plain loss, not instead.
 * For the authors' joint attack (TMA) pass {@link temporalInvariance} as `loss`. torchattacks and Foolbox have no
 * counterpart. The loss costs no additional passes, only the layers that only the features need.
 * @throws {AttackOptionsError} when there are too few modalities to compare, or an option is outside its values or
 *   unknown; in an attack {@link AttackInputError} when features don't have the expected shapes
 * @example
 * ```ts
import * as tf from '@tensorflow/tfjs-core';
 * import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
 * import { classifierOf, modalityMisalignment, pgd } from '@amr/attacks';
 * const rgb = input({ shape: [4, 4, 3], name: 'rgb' });
 * const skeleton = input({ shape: [5, 3], name: 'skeleton' });
 * const encode = (name: string, x: SymbolicTensor) => layers.dense({ units: 6, name }).apply(x) as SymbolicTensor;
 * const flat = [encode('rgbFeatures', rgb), encode('skeletonFeatures', skeleton)].map(
 *   (x) => layers.flatten().apply(x) as SymbolicTensor,
 * );
 * const logits = layers.dense({ units: 3 }).apply(layers.concatenate().apply(flat)) as SymbolicTensor;
 * const loss = modalityMisalignment({ features: { rgb: 'rgbFeatures', skeleton: 'skeletonFeatures' } });
 * const attack = pgd({ rgb: { norm: 'linf', epsilon: 8 / 255, range: [0, 1] } }, { loss });
 * const clean = { rgb: tf.randomUniform([2, 4, 4, 3]), skeleton: tf.randomNormal([2, 5, 3]) };
 * const classifier = classifierOf(model({ inputs: [rgb, skeleton], outputs: logits }));
 * await attack.perturb(classifier, clean, tf.tensor1d([0, 1], 'int32'));
 * ```
 */
export function modalityMisalignment(options: ModalityMisalignmentOptions): ObservedLoss {
  const { features, against = 'each other', weight = 1, loss = 'cross-entropy' } = options;
  rejectUnknownOptions('modalityMisalignment', options, KEYS);
  checkOneOf('modalityMisalignment.against', against, ['each other', 'clean']);
  checkOption('modalityMisalignment.weight', weight, Number.isFinite(weight), 'a finite number');
  const names = Object.values(features ?? {});
  const needed = against === 'clean' ? 1 : 2;
  const expected = `the features of ${needed} or more modalities`;
  checkOption('modalityMisalignment.features', features, names.length >= needed, expected);
  const similarity: ObservedLoss = {
    name: 'similarity of modalities',
    observed: names,
    compute:
      against === 'clean'
        ? (given) => similarityToClean(names, given)
        : (given) => similarityToEachOther(names, given),
  };
  return sumOfLosses([{ loss }, { loss: similarity, weight: -weight }], 'modality misalignment');
}

const KEYS = [
  'features',
  'against',
  'weight',
  'loss',
] as const satisfies (keyof ModalityMisalignmentOptions)[];

function similarityToEachOther(names: readonly string[], { labels, observed }: LossInputs): tf.Tensor1D {
  const vectors = names.map((name) => poolExcept(innerValueOf(observed, name, labels.shape[0], 2)));
  const channels = vectors.map((vector) => vector.shape[1]!);
  if (channels.some((count) => count !== channels[0])) {
    throw new AttackInputError(
      mismatch(
        `Channels of the features ${formatValue([...names])}`,
        channels,
        'equal numbers, to compare features with each other',
        "Name features of equal width, such as auxiliary logits, or compare against: 'clean'.",
      ),
    );
  }
  return mean(vectors.flatMap((one, i) => vectors.slice(i + 1).map((other) => cosineSimilarity(one, other))));
}

function similarityToClean(
  names: readonly string[],
  { labels, observed, observedClean }: LossInputs,
): tf.Tensor1D {
  return mean(
    names.map((name) => {
      const [now, before] = [observed, observedClean].map((values) =>
        poolExcept(innerValueOf(values, name, labels.shape[0], 2)),
      );
      return cosineSimilarity(now!, before!);
    }),
  );
}

function mean(similarities: tf.Tensor[]): tf.Tensor1D {
  return tf.div(tf.addN(similarities), similarities.length);
}
