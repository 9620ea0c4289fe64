import { type Progress, progressClock } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { pgd } from '../attacks/pgd.js';
import type { Classifier, Modalities } from '../classifier/classifier.js';
import { checkCount, checkNotNegative, checkOption, optionKeys, rejectUnknownOptions } from '../options.js';
import type { AttackFactory, PerturbOptions } from '../search/attack.js';
import { BatchAttack } from '../search/batchAttack.js';
import { disposeDerived } from '../threatModel/ballSpecs.js';
import { checkThreatModel } from '../threatModel/checkThreatModel.js';
import { scaleExcept } from '../threatModel/scaleExcept.js';
import type { ThreatModel } from '../threatModel/threatModel.js';

/** Options of {@link robustnessCurve}. */
export interface RobustnessCurveOptions extends Omit<PerturbOptions, 'onStep'> {
  /** What the adversary may change at scale 1. */
  threatModel: ThreatModel;
  /** Makes the attack for a scaled threat model. Default: {@link pgd}. */
  attack?: AttackFactory;
  /** Scales of the threat model, 0 or more; 0 is no attack. Default: 0, 0.25, 0.5, 1, 2. */
  scales?: readonly number[];
  /** Modalities whose budget stays fixed, also at scale 0, while the others are scaled. Default: none. */
  fixed?: readonly string[];
  /**
   * Number of classifier calls by whose mean each result is judged, for classifiers that are random. One call of such a
   * classifier would find a sample fooled by chance. Default 1.
   */
  eotSamples?: number;
  /** Receives progress after each scale, and is awaited. An error that it throws ends the evaluation. */
  onProgress?: (progress: RobustnessCurveProgress) => void | Promise<void>;
}

/** Progress of {@link robustnessCurve}, counted in scales. */
export interface RobustnessCurveProgress extends Progress {
  /** The last scale. */
  scale: number;
  /** The robust accuracy at that scale. */
  accuracy: number;
}

/** Robust accuracy against the size of the perturbation, on one batch. */
export interface AccuracyCurve {
  /** From the smallest to the largest, each once. */
  scales: number[];
  /** At each scale the fraction in [0, 1] of samples that are not fooled. */
  accuracy: number[];
  /** At each scale, for each sample, whether it is fooled at that scale or a smaller one. */
  fooled: boolean[][];
}

/**
 * The robust accuracy of a classifier at several scales of a threat model. All budgets are scaled together, or some stay
 * fixed. A sample that is fooled at a smaller scale counts as fooled at every larger one, whose balls contain the same
 * perturbation, and is not attacked again. So the curve never rises, and its points may lie slightly below the result of one
 * attack at that scale. A sample that is misclassified when clean is fooled at every scale. With targets, fooled means that
 * the target is predicted.
 *
 * Step sizes of budgets are scaled too, unless epsilons are vectors.
 *
 * Costs a forward pass, and a run of the attack and a forward pass at each scale above 0 (and at 0 if modalities are fixed),
 * on the samples that are not fooled yet, in batches of any size. For a whole data set see `evaluateCurve` of @amr/train.
 * Foolbox's calls with a list of epsilons do the same, but attack all samples at each epsilon; torchattacks has no such
 * function.
 * @param classifier the classifier to fool
 * @param inputs the clean batch
 * @param labels true classes `[batch]`
 * @param options the threat model, the attack and the scales
 * @throws {ThreatModelError} when the threat model is not valid
 * @throws {AttackOptionsError} when an option is unknown or outside its values
 * @throws {AttackInputError} {@link AttackInputError}, the signal's reason, and errors of the attack
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { type Classifier, fgsm, robustnessCurve } from '@amr/attacks';
 * const classifier: Classifier = ({ x }) => tf.tidy(() => tf.stack([x!, tf.onesLike(x!)], 1)) as tf.Tensor2D;
 * const inputs = { x: tf.tensor1d([1.01, 1.08, 1.3]) };
 * const { scales, accuracy } = await robustnessCurve(classifier, inputs, tf.tensor1d([0, 0, 0], 'int32'), {
 *   threatModel: { x: { norm: 'linf', epsilon: 0.1 } },
 *   attack: (threatModel) => fgsm(threatModel),
 *   scales: [0, 0.5, 1, 4],
 * });
 * console.log(scales, accuracy); // 1, 2/3, 1/3, 0
 * ```
 */
export async function robustnessCurve(
  classifier: Classifier,
  inputs: Modalities,
  labels: tf.Tensor,
  options: RobustnessCurveOptions,
): Promise<AccuracyCurve> {
  rejectUnknownOptions('robustnessCurve', options, OPTIONS);
  const {
    threatModel,
    attack: make = pgd,
    scales: given = [0, 0.25, 0.5, 1, 2],
    fixed = [],
    eotSamples = 1,
    onProgress,
    ...perturbOptions
  } = options;
  const attack: AttackFactory = (model) => make(model);
  checkThreatModel(threatModel);
  const scales = [...new Set(given)].sort((a, b) => a - b);
  checkOption('robustnessCurve.scales', given, scales.length > 0, 'one or more finite numbers, 0 or more');
  for (const [i, scale] of given.entries()) checkNotNegative(`robustnessCurve.scales[${i}]`, scale);
  checkCount('robustnessCurve.eotSamples', eotSamples);
  const scaling = scaleExcept(threatModel, fixed, 'robustnessCurve.fixed');
  attack(threatModel);

  const progress = progressClock();
  const batch = await BatchAttack.create([threatModel], classifier, inputs, labels, perturbOptions, {
    eotSamples,
  });
  try {
    await batch.evaluateClean();
    const fooled = [...batch.fooled];
    const curve: AccuracyCurve = { scales, accuracy: [], fooled: [] };
    for (const scale of scales) {
      const robust = batch.rows.filter((row) => !fooled[row]);
      const model = scale === 0 ? scaling.fixedBudgets : scaling.at(scale);
      try {
        if (model && robust.length > 0) {
          const run = await batch.attackRows(robust, model, attack);
          tf.dispose(run.adversarial);
          for (const [k, row] of robust.entries()) fooled[row] = run.fooled[k]!;
        }
      } finally {
        if (model) disposeDerived(model, threatModel);
      }
      const accuracy = fooled.filter((flag) => !flag).length / fooled.length;
      curve.accuracy.push(accuracy);
      curve.fooled.push([...fooled]);
      await onProgress?.({ ...progress(curve.accuracy.length, scales.length), scale, accuracy });
    }
    return curve;
  } finally {
    batch.dispose();
  }
}

const OPTIONS = /* @__PURE__ */ optionKeys<RobustnessCurveOptions>({
  threatModel: true,
  attack: true,
  scales: true,
  fixed: true,
  eotSamples: true,
  targets: true,
  criterion: true,
  onNonFinite: true,
  onSkipped: true,
  seed: true,
  rows: true,
  stopWhenFooled: true,
  allowProbabilities: true,
  signal: true,
  onProgress: true,
});
