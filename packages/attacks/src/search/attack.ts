import type * as tf from '@tensorflow/tfjs-core';
import type { Classifier, Modalities } from '../classifier/classifier.js';
import type { ThreatModel } from '../threatModel/threatModel.js';

/**
 * An adversary with a fixed threat model.
 *
 * Holds for all of them: the inputs are never changed; no tensor is leaked, also when it fails or is stopped; the
 * global random state is left alone; a row's result does not depend on the other rows of its batch, as long as
 * the classifier's doesn't.
 */
export interface Attack {
  /** The attack's name, for tables. */
  readonly name: string;
  /** What it may change and by how much. */
  readonly threatModel: ThreatModel;
  /**
   * Looks for inputs inside the threat model that the classifier gets wrong.
   * @param classifier what to fool
   * @param inputs the clean batch; modalities without a budget may have any shape and type
   * @param labels true classes `[batch]`, whole numbers from 0
   * @returns every modality of `inputs`, owned by the caller: perturbed, or a copy where there is no budget
   * @throws {AttackInputError} {@link AttackInputError}, {@link ThreatModelError}, {@link AttackOptionsError} before
   *   the first step, {@link GradientError} after it, the signal's reason when stopped
   */
  perturb(
    classifier: Classifier,
    inputs: Modalities,
    labels: tf.Tensor1D,
    options?: PerturbOptions,
  ): Promise<Modalities>;
}

/** Makes an attack for a threat model, such as `(threatModel) => pgd(threatModel, { steps: 50 })`. */
export type AttackFactory = (threatModel: ThreatModel) => Attack;

/** What may differ from one call of `perturb` to the next. */
export interface PerturbOptions {
  /** Classes `[batch]` that the classifier shall be brought to predict, instead of anything but the label. */
  targets?: tf.Tensor1D;
  /** A whole number from 0; the same seed gives the same result. Default: another one each time. */
  seed?: number;
  /**
   * Numbers that stand for the rows in random draws, one for each. Default 0, 1, 2, and so on. When a batch is a part
   * of a larger one, the rows' numbers there make its draws the same as in the whole.
   */
  rows?: readonly number[];
  /**
   * Whether the first success of a sample ends its search: its result is then the first point on the way that fools
   * the classifier (for attacks that look for the smallest perturbation, the first inside the threat model). Samples
   * that are done leave the batch, so the classifier has to take batches of any size. For evaluations: no fewer samples
   * are fooled than without, and what the others cost is saved, but the points are nearer to the boundary; never for
   * training, whose attacks have to run to their end. How many are done is looked up after a few steps, ever more seldom
   * as long as nothing changes, and the batch shrinks only by a quarter or more, since on some backends each size costs
   * a compilation. Default false.
   */
  stopWhenFooled?: boolean;
  /** Called after each step. What it throws ends the attack. */
  onStep?: (step: AttackStep) => void;
  /** Stops the attack between two steps; `perturb` then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Where an attack stands. Its tensors live until the callback returns: `tf.clone` what is to be kept. */
export interface AttackStep {
  /** Number of the step just taken, from 1. */
  readonly step: number;
  /** Steps in a restart. */
  readonly steps: number;
  /** Number of the restart, from 1. */
  readonly restart: number;
  /** Restarts in all, 1 when the attack is run once. */
  readonly restarts: number;
  /** Loss per sample `[batch]` at the point from which the step was taken; the attack raises it. */
  readonly loss: tf.Tensor1D;
  /** The inputs after the step. */
  readonly adversarial: Modalities;
}
