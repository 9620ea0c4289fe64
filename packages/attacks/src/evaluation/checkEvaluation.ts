/*
 * An evaluation that fails to fool a classifier may show a weak attack instead of a robust classifier. Each sign of that has
 * a check, a plain object in checks/ with a name, the samples that it needs, and a function of the context that all checks
 * share: batch, clean predictions and the attack's result, computed once (checkContext/). Its result is data, so that reports
 * can show it and tests can compare it. A check that throws must not hide the others, so its error becomes its result.
 */
import { formatValue, type Progress, progressClock } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { pgd } from '../attacks/pgd.js';
import { checkClassifier } from '../classifier/checkClassifier.js';
import type { Classifier, Modalities } from '../classifier/classifier.js';
import { checkOption, optionKeys, rejectUnknownOptions } from '../options.js';
import type { AttackFactory } from '../search/attack.js';
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
import { checks as allChecks } from './checks/checks.js';

/** Options of {@link checkEvaluation}. */
export interface CheckEvaluationOptions {
  /** What the adversary may change, as in the evaluation that is checked. */
  threatModel: ThreatModel;
  /** The attack of the evaluation, for any threat model: checks halve and widen the budgets. Default: {@link pgd}. */
  attack?: AttackFactory;
  /** An attack that sees only outputs. Default: {@link square} with 500 queries; it has no l1 form. */
  blackBox?: AttackFactory;
  /**
   * The attack's result on `inputs`, if it is known already, which saves one run of the attack. What only a run can show is
   * then left out: 'rising-loss', and the gradients of the attack's loss.
   */
  adversarial?: Modalities;
  /** The checks to make. Default: all, {@link checkNames}. */
  checks?: readonly CheckName[];
  /** A whole number from 0, for random draws of the attacks. Default 0. */
  seed?: number;
  /** Stops between two steps; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Receives progress after each check, and is awaited. An error that it throws ends the checks. */
  onProgress?: (progress: CheckProgress) => void | Promise<void>;
}

/** Progress of {@link checkEvaluation}, counted in checks. */
export interface CheckProgress extends Progress {
  /** The finding of the last check. */
  finding: Finding;
}

/** The names of all checks, in the order in which they are made. */
export const checkNames: readonly CheckName[] = /* @__PURE__ */ allChecks.map(({ name }) => name);

/**
 * The names of the checks that cost a few passes over the batch and don't run the attack: evaluations can make them always.
 */
export const cheapCheckNames: readonly CheckName[] = [
  'clean-accuracy',
  'probabilities',
  'randomness',
  'zero-gradients',
  'ignored-modality',
];

/**
 * Looks for signs that robust accuracy is too high because the attack fails and not because the classifier is robust: the
 * signs that AutoAttack looks for (Croce and Hein 2020, `checks.py` of its repository), and those that Carlini et al. 2019,
 * "On evaluating adversarial robustness", sections 3 to 5, and Athalye et al. 2018 ask authors to rule out. A few dozen
 * samples are enough. The absence of warnings doesn't prove robustness.
 *
 * | check | warns when | forward | backward |
 * | --- | --- | --- | --- |
 * | `clean-accuracy` | clean accuracy is no better than a guess | 0 | 0 |
 * | `probabilities` | each row of outputs is in [0, 1] and adds up to 1: a softmax is inside | 0 | 0 |
 * | `randomness` | the logits of 5 calls differ by more than 1e-4 of their length | 4 | 0 |
 * | `batch-dependence` | logits change by more than 1e-3 of their length with the rest of the batch | 2.5 | 0 |
 * | `zero-gradients` | a sample's gradient of the log-odds, or, when another check runs the attack, of the attack's loss in its first step, is exactly 0 in an attacked modality that its mask doesn't hold entirely | 1 correct | 1 correct |
 * | `ignored-modality` | neither another sample's input of an attacked modality nor noise of three times its budget changes a prediction, and epsilon times the dual norm of its gradient is at most a hundredth of another modality's | 2 for each modality + 1 correct | 1 correct |
 * | `saturated-softmax` | for a quarter of the samples no entry of the gradient of cross-entropy, computed as softmax minus label, reaches 1e-12, although one of the log-odds does | 2 correct | 2 correct |
 * | `attack` | the attack fails, or leaves ball, range, mask or exact constraints | 0 | 0 |
 * | `rising-loss` | in the last tenth of the steps the loss of robust samples rises at more than half of its average slope, or most of their losses never rise | 0 | 0 |
 * | `single-step` | {@link fgsm} fools a robust sample | 2 robust | 1 robust |
 * | `half-epsilon` | the attack with half the budget fools a robust sample | attack + 1 robust | attack robust |
 * | `large-epsilon` | a sample is robust although inputs may change over their whole range | 2 (attack + 1) robust | 2 attack robust |
 * | `black-box` | an attack that sees only outputs fools a robust sample | 501 robust | 0 |
 *
 * The passes are over the whole batch, over the `correct` samples, those that are classified correctly without an attack, or
 * over the `robust` samples, those that the attack doesn't fool. In addition there are, for any choice of checks, one forward
 * pass over the batch and, unless all are among {@link cheapCheckNames}, the attack on the correct samples and one more
 * forward pass over these.
 *
 * Where an input has no range, `large-epsilon` multiplies its budget by 100. The check can't tell when the threat model
 * leaves out modalities that the classifier may rely on.
 *
 * Unlike AutoAttack, this function returns findings as values. AutoAttack takes gradients of cross-entropy alone and gives
 * Square 5000 queries. Its hints at optimisation inside the model and at too few classes for DLR have no counterpart: such
 * an attack fails with a message, which becomes a finding. Foolbox and torchattacks have no such checks.
 * @param classifier what is evaluated
 * @param inputs a clean batch, as in the evaluation
 * @param labels true classes `[batch]`
 * @param options the threat model and the attack of the evaluation, and which checks to make
 * @returns one finding for each check, in order. A check that throws becomes a warning with the error's message
 * @throws {AttackInputError} {@link AttackInputError}, {@link ThreatModelError} or {@link AttackOptionsError} before the
 *   first check; the signal's reason when stopped; errors of the classifier on the clean batch
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
  rejectUnknownOptions('checkEvaluation', options, OPTIONS);
  const { threatModel, attack = pgd, blackBox, adversarial, seed = 0, signal, onProgress } = options;
  checkClassifier(classifier);
  signal?.throwIfAborted();
  checkThreatModel(threatModel);
  const checks = selectChecks(options.checks);
  const { masks, largestLabel } = await checkBatch(threatModel, inputs, { labels }, { seed });
  tf.dispose(masks);
  if (adversarial) checkAdversarial(adversarial, inputs);
  await registerGradients();
  const progress = progressClock();
  const context = await CheckContext.create(classifier, inputs, labels, largestLabel, {
    threatModel,
    // The second parameter of pgd are its options.
    attack: (model) => attack(model),
    seed,
    blackBox,
    adversarial,
    signal,
    needsAttack: checks.some(({ name }) => !cheapCheckNames.includes(name)),
  });
  try {
    const findings: Finding[] = [];
    for (const check of checks) {
      signal?.throwIfAborted();
      const { status, message, figures } = await runCheck(check, context);
      // JSON has no NaN and no infinities.
      const finite = Object.fromEntries(
        Object.entries(figures).filter(([, value]) => Number.isFinite(value)),
      );
      const finding: Finding = { check: check.name, status, message, figures: finite };
      findings.push(finding);
      await onProgress?.({ ...progress(findings.length, checks.length), finding });
    }
    return findings;
  } finally {
    context.dispose();
  }
}

const OPTIONS = /* @__PURE__ */ optionKeys<CheckEvaluationOptions>({
  threatModel: true,
  attack: true,
  blackBox: true,
  adversarial: true,
  checks: true,
  seed: true,
  signal: true,
  onProgress: true,
});

async function runCheck({ needs, run }: Check, context: CheckContext): Promise<CheckResult> {
  try {
    if (needs && context.correct.length === 0) {
      return inconclusive(
        'No sample is classified correctly without an attack, so no sample can be attacked.',
      );
    }
    if (needs === 'robust') {
      const { robust, name } = await context.attacked();
      if (robust.length === 0) {
        return passed(`No sample is robust to '${name}', so it is strong enough here.`, { robust: 0 });
      }
    }
    return await run(context);
  } catch (error) {
    const { signal } = context.options;
    if (signal?.aborted) throw signal.reason;
    const message = error instanceof Error ? error.message : String(error);
    return error instanceof AttackFailure
      ? inconclusive(`The attack failed, so there is no result to check: ${message}`)
      : warning(`The check failed: ${message}`);
  }
}

function selectChecks(names: readonly CheckName[] | undefined): readonly Check[] {
  if (!names) return allChecks;
  const known = names.every((name) => checkNames.includes(name));
  checkOption('checkEvaluation.checks', names, known, `some of ${formatValue([...checkNames])}`);
  return allChecks.filter(({ name }) => names.includes(name));
}

function checkAdversarial(adversarial: Modalities, inputs: Modalities): void {
  for (const [modality, input] of Object.entries(inputs)) {
    const given = adversarial[modality];
    const good = given !== undefined && tf.util.arraysEqual(given.shape, input.shape);
    const expected = `the shape of the input, ${formatValue(input.shape)}`;
    checkOption(`checkEvaluation.adversarial.${modality}`, given, good, expected);
  }
}
