import type * as tf from '@tensorflow/tfjs-core';
import type { Classifier, Modalities } from '../classifier/classifier.js';
import { checkCount, checkOption, optionKeys, rejectUnknownOptions } from '../options.js';
import { type Attack, checkPerturbOptions, type PerturbOptions } from '../search/attack.js';
import { BatchAttack } from '../search/batchAttack.js';
import { checkThreatModel } from '../threatModel/checkThreatModel.js';
import { type Budget, isJointBall, type JointBall, type ThreatModel } from '../threatModel/threatModel.js';
import { pgd } from './pgd.js';

/** Options of {@link worstCase}. */
export interface WorstCaseOptions {
  /**
   * Makes the attack for a condition's threat model, or for that of some rows of a batch, whose vectors are cut to
   * them. Default: {@link pgd}, 20 steps.
   */
  attack?: (threatModel: ThreatModel, condition: string) => Attack;
  /**
   * Number of classifier calls by whose mean each result is judged, for classifiers that are random. One call of such a
   * classifier would find a sample fooled by chance. Default 1.
   */
  eotSamples?: number;
}

/** An attack under several conditions; see {@link worstCase}. */
export interface WorstCase extends Attack {
  /** The threat models by name, in the order in which they are tried. */
  readonly conditions: {
    /** The threat model of the condition of that name. */
    readonly [condition: string]: ThreatModel;
  };
  /** Like `perturb`, and gives the condition of each result as well. */
  search(
    classifier: Classifier,
    inputs: Modalities,
    labels: tf.Tensor,
    options?: PerturbOptions,
  ): Promise<WorstCaseResult>;
}

/** The result of {@link WorstCase.search}. */
export interface WorstCaseResult {
  /** The inputs, each sample perturbed under its worst condition; the caller owns the tensors. */
  adversarial: Modalities;
  /** For each sample the condition that its result is of. */
  condition: string[];
  /** For each sample whether the classifier gets the result wrong, or predicts its target. */
  fooled: boolean[];
}

const OPTIONS = /* @__PURE__ */ optionKeys<WorstCaseOptions>({ attack: true, eotSamples: true });

/**
 * For each sample the worst of several conditions, such as an adversary who may change the RGB video, or the skeleton,
 * or both: the remaining accuracy is what the classifier keeps under any of them. This is the 'max'
 * strategy of Tramer and Boneh 2019 ("Adversarial training and robustness for multiple perturbations", section 3) and
 * the first-success rule of AutoAttack's ensemble, over threat models rather than attacks. The conditions may also be
 * several norms on one input.
 *
 * The conditions are tried in the order given. A sample keeps its first success and is then finished, and the batch
 * shrinks, so the classifier has to take batches of any size; where nothing succeeds, a sample keeps the point with the largest margin
 * ({@link marginLoss}) of all conditions, the earlier one if they are equal. Its draws are the same as if each
 * condition's attack ran on the whole batch with that seed.
 *
 * `onStep` is called once a condition, with the margins so far as loss. `threatModel` names what any of the conditions
 * lets change: of each modality the budget with the largest number as epsilon. Where budgets can't be compared, since
 * their norms differ, an epsilon is a vector or a condition is a joint ball, it is the last condition's that names the
 * modality, or that is the joint ball; `conditions` holds all of them.
 *
 * Costs the sum of the conditions' attacks, each on the samples that are still robust, and a forward pass for each of them.
 * torchattacks' MultiAttack and Foolbox's runs over several epsilons do the same for several attacks on one input.
 * @param conditions threat models by name, as {@link attackConditions} gives them
 * @throws {ThreatModelError} when one of them is not valid
 * @throws {AttackOptionsError} when an option is unknown, there is no condition, or the attack can't be made for one
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { attackConditions, type Classifier, worstCase } from '@amr/attacks';
 * const classifier: Classifier = ({ rgb, skeleton }) =>
 *   tf.tidy(() => tf.stack([tf.add(rgb!, skeleton!), tf.onesLike(rgb!)], 1)) as tf.Tensor2D;
 * const attack = worstCase(
 *   attackConditions({ rgb: { norm: 'linf', epsilon: 0.2 }, skeleton: { norm: 'linf', epsilon: 0.5 } }),
 * );
 * const inputs = { rgb: tf.tensor1d([1, 1, 1]), skeleton: tf.tensor1d([0.1, 0.4, 0.6]) };
 * const labels = tf.tensor1d([0, 0, 0], 'int32');
 * const { condition, adversarial } = await attack.search(classifier, inputs, labels);
 * console.log(condition); // rgb, skeleton, both
 * tf.dispose(adversarial);
 * ```
 */
export function worstCase(
  conditions: { readonly [condition: string]: ThreatModel },
  options: WorstCaseOptions = {},
): WorstCase {
  rejectUnknownOptions('worstCase', options, OPTIONS);
  const { attack = (threatModel) => pgd(threatModel), eotSamples = 1 } = options;
  checkCount('worstCase.eotSamples', eotSamples);
  const named = Object.entries(conditions);
  const expected = 'at least one threat model by name, as attackConditions gives them';
  checkOption('worstCase.conditions', conditions, named.length > 0, expected);
  for (const [condition, threatModel] of named) {
    checkThreatModel(threatModel);
    attack(threatModel, condition);
  }
  const search: WorstCase['search'] = async (classifier, inputs, labels, perturbOptions = {}) => {
    checkPerturbOptions(perturbOptions);
    const threatModels = named.map(([, threatModel]) => threatModel);
    const batch = await BatchAttack.create(threatModels, classifier, inputs, labels, perturbOptions, {
      eotSamples,
    });
    try {
      const condition = batch.rows.map(() => named[0]![0]);
      for (const [i, [name, threatModel]] of named.entries()) {
        const { robustRows } = batch;
        if (robustRows.length === 0) break;
        const run = await batch.attackRows(robustRows, threatModel, (own) => attack(own, name));
        batch.keepAndDispose(run, (row, k) => {
          const worse = batch.improves(run, row, k);
          if (worse) condition[row] = name;
          return worse;
        });
        await batch.report(i + 1, named.length);
      }
      return { adversarial: batch.adversarial(), condition, fooled: [...batch.fooled] };
    } finally {
      batch.dispose();
    }
  };
  return {
    name: 'worstCase',
    threatModel: unionOf(named.map(([, threatModel]) => threatModel)),
    conditions,
    search,
    async perturb(classifier, inputs, labels, perturbOptions) {
      return (await search(classifier, inputs, labels, perturbOptions)).adversarial;
    },
  };
}

/** What any of the threat models allows, as far as one threat model can express it. */
function unionOf(threatModels: readonly ThreatModel[]): ThreatModel {
  const joint = threatModels.findLast(isJointBall);
  if (joint) return joint;
  const budgets = new Map<string, Budget>();
  for (const threatModel of threatModels as readonly Exclude<ThreatModel, JointBall>[]) {
    for (const [modality, budget] of Object.entries(threatModel)) {
      const known = budgets.get(modality);
      if (!known || !isLarger(known, budget)) budgets.set(modality, budget);
    }
  }
  return Object.fromEntries(budgets);
}

/** Whether a budget is known to be larger than another. */
function isLarger(one: Budget, other: Budget): boolean {
  return (
    one.norm === other.norm &&
    typeof one.epsilon === 'number' &&
    typeof other.epsilon === 'number' &&
    one.epsilon > other.epsilon
  );
}
