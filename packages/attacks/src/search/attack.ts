import type * as tf from '@tensorflow/tfjs-core';
import type { Classifier, Modalities } from '../classifier/classifier.js';
import { checkBoolean, checkOneOf, checkOption, optionKeys, rejectUnknownOptions } from '../options.js';
import type { ThreatModel } from '../threatModel/threatModel.js';
import type { Criterion } from './criterion.js';
import type { Targets } from './targets.js';

/**
 * An adversary with a fixed threat model.
 *
 * No attack changes its inputs, leaks a tensor (also when it fails or is stopped) or uses the global random state. A row's
 * result does not depend on the other rows of its batch, as long as the classifier's output doesn't.
 */
export interface Attack {
  /** The attack's name, for tables. */
  readonly name: string;
  /** What the adversary may change and by how much. */
  readonly threatModel: ThreatModel;
  /**
   * Looks for inputs inside the threat model that the classifier gets wrong.
   * @param classifier the classifier under attack
   * @param inputs the clean batch; modalities without a budget may have any shape and type
   * @param labels true classes `[batch]`, whole numbers from 0; any tensor with the batch as first axis where both the
   *   attack's loss and the criterion are functions of the caller. {@link predictedLabels} gives the classifier's own
   * @returns every modality of `inputs`, owned by the caller: perturbed, or a copy where there is no budget
   * @throws {AttackInputError} {@link AttackInputError}, {@link ThreatModelError}, {@link AttackOptionsError} before
   *   the first step, {@link GradientError} after it, and the signal's reason when stopped
   */
  perturb(
    classifier: Classifier,
    inputs: Modalities,
    labels: tf.Tensor,
    options?: PerturbOptions,
  ): Promise<Modalities>;
}

/** Makes an attack for a threat model, such as `(threatModel) => pgd(threatModel, { steps: 50 })`. */
export type AttackFactory = (threatModel: ThreatModel) => Attack;

/** Options of {@link Attack.perturb}. */
export interface PerturbOptions {
  /**
   * Classes `[batch]` that the classifier shall predict, none of them the sample's label; 'least-likely' for the one with
   * the smallest logit at the clean input, 'random' for one drawn by the seed. Default: none, the attack leads away from
   * the labels.
   */
  targets?: Targets;
  /** What counts as success. Default: 'targeted' if there are targets, else 'misclassified'. */
  criterion?: Criterion;
  /**
   * What happens to samples whose gradient has NaN or infinite entries where the attack may write: 'throw' ends the attack
   * with a {@link GradientError} that names them; with 'skip' they come back clean, and the others are attacked as usual.
   * Default 'throw'.
   */
  onNonFinite?: 'throw' | 'skip';
  /**
   * With `onNonFinite: 'skip'`, called when samples are skipped.
   * @param rows their indices in the batch
   * @param modality the input whose gradient is not finite
   * @param step the step in which that was so first, from 1
   */
  onSkipped?: (rows: number[], modality: string, step: number) => void;
  /** Seed of all random draws, a whole number from 0; the same seed gives the same result. Default 0. */
  seed?: number;
  /**
   * For each row the number that its random draws depend on. Default 0, 1, 2, and so on. When a batch is a part of a
   * larger one, the rows' numbers there make its draws the same as in the whole.
   */
  rows?: readonly number[];
  /**
   * Early stopping: whether the first success of a sample ends its search. Its result is then the first point on the way
   * that fools the classifier (for attacks that look for the smallest perturbation, the first inside the threat model).
   * Finished samples are removed from the batch, so the classifier has to take batches of any size. For evaluations: no
   * fewer samples are fooled than without, and the passes of finished samples are saved, but the points are nearer to the
   * boundary. Not for training, whose attacks have to run to their end. The attack reads back which samples are finished
   * after a few steps, and less and less often as long as nothing changes; the batch shrinks by a quarter or more at a
   * time, since on some backends each size costs a compilation. Default false.
   */
  stopWhenFooled?: boolean;
  /**
   * Whether a classifier whose first outputs are probabilities is attacked all the same; see {@link refuseProbabilities}.
   * Default false: it is an error, raised before the second step.
   */
  allowProbabilities?: boolean;
  /** Called after each step. A promise that it returns is awaited, and an error ends the attack. */
  onStep?: (step: AttackStep) => unknown;
  /** Stops the attack between two steps; `perturb` then rejects with the signal's reason. */
  signal?: AbortSignal;
}

const PERTURB_OPTIONS = /* @__PURE__ */ optionKeys<PerturbOptions>({
  targets: true,
  criterion: true,
  onNonFinite: true,
  onSkipped: true,
  seed: true,
  rows: true,
  stopWhenFooled: true,
  allowProbabilities: true,
  onStep: true,
  signal: true,
});

/**
 * Refuses options of a call of `perturb` that are unknown or of a wrong type.
 * @param more further options that this attack knows
 * @throws {AttackOptionsError} that suggests the option which was probably meant
 */
export function checkPerturbOptions(options: PerturbOptions, more: readonly string[] = []): void {
  checkOption('perturb', options, typeof options === 'object' && options !== null, 'an object of options');
  rejectUnknownOptions('perturb', options, [...PERTURB_OPTIONS, ...more]);
  const { onNonFinite = 'throw', stopWhenFooled = false, signal } = options;
  checkOneOf('perturb.onNonFinite', onNonFinite, ['throw', 'skip']);
  checkBoolean('perturb.stopWhenFooled', stopWhenFooled);
  for (const name of ['onSkipped', 'onStep'] as const) {
    const call = options[name];
    checkOption(`perturb.${name}`, call, call === undefined || typeof call === 'function', 'a function');
  }
  const isSignal = signal === undefined || typeof signal?.throwIfAborted === 'function';
  checkOption('perturb.signal', signal, isSignal, 'an AbortSignal');
}

/**
 * The state of an attack after a step. The tensors live until the callback returns or its promise is settled; use
 * `tf.clone` to keep them.
 */
export interface AttackStep {
  /** Number of the step just taken, from 1. */
  readonly step: number;
  /** Steps in a restart. */
  readonly steps: number;
  /** Number of the restart, from 1. */
  readonly restart: number;
  /** Number of restarts, 1 when the attack is run once. */
  readonly restarts: number;
  /** Loss per sample `[batch]` at the point from which the step was taken; the attack maximises it. */
  readonly loss: tf.Tensor1D;
  /** The inputs after the step. */
  readonly adversarial: Modalities;
}
