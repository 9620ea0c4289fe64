import * as tf from '@tensorflow/tfjs-core';
import { pgd } from '../attacks/pgd.js';
import type { Classifier, Modalities } from '../classifier/classifier.js';
import { AttackOptionsError, shown } from '../errors.js';
import type { Attack } from '../search/attack.js';
import { checkBatch } from '../search/validation.js';
import { registerGradients } from '../tensors/registerGradients.js';
import { checkThreatModel } from '../threatModel/checkThreatModel.js';
import type { ThreatModel } from '../threatModel/threatModel.js';
import {
  type Check,
  type CheckName,
  type CheckResult,
  type Finding,
  inconclusive,
  passed,
  warning,
} from './checkContext/check.js';
import { AttackFailure, CheckContext } from './checkContext/checkContext.js';
import { checks as known } from './checks/checks.js';

/** Options of {@link checkEvaluation}. */
export interface CheckEvaluationOptions {
  /** What the adversary may change, as in the evaluation that is checked. */
  threatModel: ThreatModel;
  /** The attack of the evaluation, for any threat model: budgets are halved and widened. Default: {@link pgd}. */
  attack?: (threatModel: ThreatModel) => Attack;
  /** The attack that sees outputs only. Default: {@link square} with 500 queries; it has no l1 form. */
  blackBox?: (threatModel: ThreatModel) => Attack;
  /**
   * What the attack made of `inputs`, if that is known already, which saves running it once. What only its run can
   * show is left out: 'rising-loss', and the gradients of its own loss.
   */
  adversarial?: Modalities;
  /** The checks to be made. Default: all, {@link checkNames}. */
  checks?: readonly CheckName[];
  /** A whole number from 0, for random draws of the attacks. Default 0. */
  seed?: number;
  /** Stops between two steps; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Told after each check, and waited for. What it throws ends the checks. */
  onProgress?: (progress: CheckProgress) => void | Promise<void>;
}

/** How far {@link checkEvaluation} has come. */
export interface CheckProgress {
  /** What was found last. */
  finding: Finding;
  /** Checks that are done. */
  done: number;
  /** Checks in all. */
  total: number;
}

/** The names of all checks, in the order in which they are made. */
export const checkNames: readonly CheckName[] = known.map(({ name }) => name);

/**
 * Looks for the signs that robust accuracy is too high because the attack fails and not because the classifier is
 * robust: those that AutoAttack looks for (Croce and Hein 2020, `checks.py` of its repository), and those that Carlini
 * et al. 2019, "On evaluating adversarial robustness", sections 3 to 5, and Athalye et al. 2018 ask authors to rule out.
 * A few dozen samples are enough. No warning is no proof of robustness.
 *
 * | check | warns when | forward | backward |
 * | --- | --- | --- | --- |
 * | `clean-accuracy` | accuracy without an attack is no better than a guess | 0 | 0 |
 * | `probabilities` | each row of outputs is in [0, 1] and adds up to 1: a softmax is inside | 0 | 0 |
 * | `randomness` | logits of 5 calls differ by more than 1e-4 of their length | 4 | 0 |
 * | `batch-dependence` | logits change by more than 1e-3 of their length with the rest of the batch | 2.5 | 0 |
 * | `zero-gradients` | a sample's gradient of the log-odds, or of the attack's loss in its first step, is exactly 0 in an attacked modality in which it may write | 1 right | 1 right |
 * | `saturated-softmax` | for a quarter of the samples no entry of the gradient of cross-entropy, computed as softmax less label, reaches 1e-12, though log-odds have one that does | 2 right | 2 right |
 * | `attack` | the attack fails, or leaves ball, range, mask or exact constraints | 0 | 0 |
 * | `rising-loss` | in the last tenth of the steps the loss of samples that stand rises at more than half its average pace, or most of their losses never rise | 0 | 0 |
 * | `single-step` | {@link fgsm} fools a sample that stands | 2 standing | 1 standing |
 * | `half-epsilon` | the attack with half the budget fools a sample that stands | attack + 1 standing | attack standing |
 * | `large-epsilon` | a sample stands though inputs may change over their whole range | 2 (attack + 1) standing | 2 attack standing |
 * | `black-box` | an attack on outputs only fools a sample that stands | 501 standing | 0 |
 *
 * Passes are over the whole batch, over the samples that are `right` without an attack, or over those that are still
 * `standing` after it. To these come one forward pass over the batch and the attack itself on the right samples with
 * one forward pass more, whatever the checks.
 *
 * Where an input has no range, `large-epsilon` multiplies its budget by 100. It can't tell when the threat model leaves
 * modalities out, by which the classifier may decide.
 *
 * Differs from AutoAttack in that findings are values instead of prints; in the gradients, which it takes of
 * cross-entropy alone; in Square's queries, 5000 there; and in that its hints at optimisation inside the model and at
 * too few classes for DLR have no counterpart: such an attack fails with a message, which becomes a finding.
 * Foolbox and torchattacks have no such checks.
 * @param classifier what is evaluated
 * @param inputs a clean batch, as in the evaluation
 * @param labels true classes `[batch]`
 * @returns one finding for each check, in order. A check that throws becomes a warning with the error's message
 * @throws {AttackInputError} {@link AttackInputError}, {@link ThreatModelError} or {@link AttackOptionsError} before the first check; the signal's
 *   reason when stopped; what the classifier throws on the clean batch
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { type Classifier, checkEvaluation } from '@amr/attacks';
 * const weights = tf.tensor2d([[4, -4], [-4, 4]]);
 * const classifier: Classifier = ({ x }) => tf.softmax(tf.matMul(x!, weights)) as tf.Tensor2D;
 * const inputs = { x: tf.tensor2d([[0.9, 0.1], [0.2, 0.8]]) };
 * const findings = await checkEvaluation(classifier, inputs, tf.tensor1d([0, 1], 'int32'), {
 *   threatModel: { x: { norm: 'linf', epsilon: 0.1, range: [0, 1] } },
 *   checks: ['clean-accuracy', 'probabilities', 'single-step'],
 * });
 * for (const { check, status, message } of findings) console.log(check, status, message); // a warning of the softmax
 * ```
 */
export async function checkEvaluation(
  classifier: Classifier,
  inputs: Modalities,
  labels: tf.Tensor1D,
  options: CheckEvaluationOptions,
): Promise<Finding[]> {
  const { threatModel, attack = pgd, blackBox, adversarial, seed = 0, signal, onProgress } = options;
  signal?.throwIfAborted();
  checkThreatModel(threatModel);
  const chosen = chosenOf(options.checks);
  const { masks, largestLabel } = await checkBatch(threatModel, inputs, labels, false, { seed });
  tf.dispose(masks);
  if (adversarial) checkAdversarial(adversarial, inputs);
  await registerGradients();
  const subject = await CheckContext.of(classifier, inputs, labels, largestLabel, {
    threatModel,
    attack: (model) => attack(model),
    seed,
    ...(blackBox && { blackBox }),
    ...(adversarial && { adversarial }),
    ...(signal && { signal }),
  });
  try {
    const findings: Finding[] = [];
    for (const check of chosen) {
      signal?.throwIfAborted();
      const { status, message, figures } = await verdictOf(check, subject);
      // What is no number has no place in JSON.
      const finite = Object.fromEntries(
        Object.entries(figures).filter(([, value]) => Number.isFinite(value)),
      );
      const finding: Finding = { check: check.name, status, message, figures: finite };
      findings.push(finding);
      await onProgress?.({ finding, done: findings.length, total: chosen.length });
    }
    return findings;
  } finally {
    subject.dispose();
  }
}

async function verdictOf({ needs, run }: Check, subject: CheckContext): Promise<CheckResult> {
  try {
    if (needs && subject.correct.length === 0) {
      return inconclusive(
        'No sample is classified correctly without an attack, so there is none to be attacked.',
      );
    }
    if (needs === 'robust') {
      const { robust, name } = await subject.attacked();
      if (robust.length === 0) {
        return passed(`No sample stands against '${name}', so it is strong enough here.`, { standing: 0 });
      }
    }
    return await run(subject);
  } catch (error) {
    const { signal } = subject.options;
    if (signal?.aborted) throw signal.reason;
    const message = error instanceof Error ? error.message : String(error);
    return error instanceof AttackFailure
      ? inconclusive(`The attack failed, so there is no result to look at: ${message}`)
      : warning(`The check could not be made: ${message}`);
  }
}

function chosenOf(names: readonly CheckName[] | undefined): readonly Check[] {
  const unknown = names?.filter((name) => !checkNames.includes(name)) ?? [];
  if (unknown.length > 0) {
    throw new AttackOptionsError(
      `checks names ${unknown.map(shown).join(', ')}; expected some of ${shown([...checkNames])}.`,
    );
  }
  return names ? known.filter(({ name }) => names.includes(name)) : known;
}

function checkAdversarial(adversarial: Modalities, inputs: Modalities): void {
  const wrong = Object.keys(inputs).filter(
    (name) => !adversarial[name] || !tf.util.arraysEqual(adversarial[name].shape, inputs[name]!.shape),
  );
  if (wrong.length > 0) {
    throw new AttackOptionsError(
      `adversarial has ${wrong.map((name) => `${shown(adversarial[name])} for '${name}'`).join(', ')}; expected every modality of the inputs in the same shape.`,
    );
  }
}
