import * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from '../classifier/classifier.js';
import { AttackInputError, AttackOptionsError, shown } from '../errors.js';
import { logOdds, softplus } from './crossEntropy.js';
import { dlrLoss, targetedDlrLoss } from './dlr.js';
import { marginLoss } from './margin.js';

/**
 * What an attack raises: cross-entropy, the margin of Carlini and Wagner, the difference of logits ratio, a function
 * of logits `[batch, classes]` and labels `[batch]` that gives a loss `[batch]`, higher for a more wrong prediction,
 * or a loss that looks at more than the logits. With targets, an attack lowers the loss with respect to the targets
 * instead ('dlr': its targeted form; an {@link ObservedLoss} is given the targets).
 */
export type AttackLoss =
  | 'cross-entropy'
  | 'dlr'
  | 'cw'
  | ((logits: tf.Tensor2D, labels: tf.Tensor1D) => tf.Tensor1D)
  | ObservedLoss;

/** A loss of more than the logits: of inner values of the classifier, of the inputs and of what both were when clean. */
export interface ObservedLoss {
  /** What it is called in messages and tables. */
  readonly name: string;
  /** Inner values it needs, by the names that {@link Classifier.observe} knows. */
  readonly observed?: readonly string[];
  /**
   * What the attack raises, per sample `[batch]`: higher for a more wrong prediction or, if there are targets, for one
   * nearer to them. Called inside `tf.tidy`, differentiated with respect to `inputs` and what follows from them.
   */
  compute(seen: LossInputs): tf.Tensor1D;
}

/** What an {@link ObservedLoss} sees. The tensors are the attack's: don't dispose them. */
export interface LossInputs {
  /** `[batch, classes]` at the perturbed inputs. */
  readonly logits: tf.Tensor2D;
  /** True classes `[batch]`, int32. */
  readonly labels: tf.Tensor1D;
  /** Classes to be predicted instead `[batch]`, int32. */
  readonly targets?: tf.Tensor1D;
  /** The perturbed inputs. */
  readonly inputs: Modalities;
  /** The clean inputs. */
  readonly clean: Modalities;
  /** The inner values at the perturbed inputs. */
  readonly observed: Modalities;
  /** The inner values at the clean inputs. */
  readonly observedClean: Modalities;
}

/** A loss as the attacks use it. */
export interface MaximisedLoss {
  /** Inner values it needs. */
  readonly observed: readonly string[];
  /** What is raised, `[batch]`; with targets, what brings the prediction nearer to them. */
  compute(seen: LossInputs): tf.Tensor1D;
  /** The loss by its name, of the values of `raise`. */
  report(raised: tf.Tensor1D, targeted: boolean): tf.Tensor1D;
}

const same = (raised: tf.Tensor1D) => tf.clone(raised);

/**
 * The objective that an {@link AttackLoss} stands for.
 * @throws {AttackOptionsError} when it is none
 */
export function maximisedLossOf(loss: AttackLoss): MaximisedLoss {
  switch (loss) {
    case 'cross-entropy':
      return {
        observed: [],
        compute: towards(logOdds),
        report: (raised, targeted) =>
          targeted ? tf.neg(softplus(tf.neg<tf.Tensor1D>(raised))) : softplus(raised),
      };
    case 'cw':
      return { observed: [], compute: towards(marginLoss), report: same };
    case 'dlr':
      return {
        observed: [],
        compute: ({ logits, labels, targets }) =>
          targets ? targetedDlrLoss(logits, labels, targets) : dlrLoss(logits, labels),
        report: same,
      };
  }
  if (typeof loss === 'function') {
    const named = `The loss function${loss.name && ` '${loss.name}'`}`;
    return {
      observed: [],
      compute: towards((logits, labels) => perSample(loss(logits, labels), logits, named)),
      report: same,
    };
  }
  if (typeof loss?.compute !== 'function') {
    throw new AttackOptionsError(
      `loss is ${shown(loss)}; expected 'cross-entropy', 'cw', 'dlr', a function of logits and labels, or an object with a function 'of'.`,
    );
  }
  return {
    observed: loss.observed ?? [],
    compute: (seen) => perSample(loss.compute(seen), seen.logits, `The loss '${loss.name}'`),
    report: same,
  };
}

type Loss = (logits: tf.Tensor2D, labels: tf.Tensor1D) => tf.Tensor1D;

/** Away from the labels, or towards the targets if there are any. */
function towards(loss: Loss): MaximisedLoss['compute'] {
  return ({ logits, labels, targets }) => (targets ? tf.neg(loss(logits, targets)) : loss(logits, labels));
}

function perSample(values: tf.Tensor1D, logits: tf.Tensor2D, what: string): tf.Tensor1D {
  if (values?.rank !== 1 || values.shape[0] !== logits.shape[0]) {
    throw new AttackInputError(
      `${what} gave ${shown(values)}; expected one value per sample, shape [${logits.shape[0]}]: sum or average over all axes but the batch.`,
    );
  }
  return values;
}
