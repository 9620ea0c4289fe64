import { formatValue, mismatch } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from '../classifier/classifier.js';
import { AttackInputError } from '../errors.js';
import { checkOption } from '../options.js';
import { logOdds, softplus } from './crossEntropy.js';
import { dlrLoss, targetedDlrLoss } from './dlr.js';
import { marginLoss } from './margin.js';

/**
 * The loss that an attack maximises: cross-entropy, the margin of Carlini and Wagner (to the k-th of the wrong classes
 * under the criterion `{ topK: k }`), the difference of logits ratio, a function of logits `[batch, classes]` and labels
 * `[batch]` that returns a loss `[batch]`, higher for a more wrong prediction, or a loss of more than the logits. With a
 * function as the success criterion too, a function may take outputs and labels of any kind. With targets, an attack minimises the loss with respect to the targets
 * instead (for 'dlr' in its targeted form; an {@link ObservedLoss} receives the targets).
 */
export type AttackLoss = 'cross-entropy' | 'dlr' | 'cw' | LossFunction | ObservedLoss;

/**
 * A loss per sample `[batch]`, of outputs and labels: of logits `[batch, classes]` and classes `[batch]` or, with a success
 * criterion that is a function too, of tensors of any kind with the batch as first axis.
 */
export type LossFunction = (outputs: tf.Tensor2D, labels: tf.Tensor1D) => tf.Tensor;

/** A loss of more than the logits: of inner values of the classifier, of the inputs, and of both at the clean point. */
export interface ObservedLoss {
  /** The loss's name in messages and tables. */
  readonly name: string;
  /** The inner values that it needs, by the names that {@link Classifier.observe} takes. */
  readonly observed?: readonly string[];
  /** Those of them that are used as logits: an attack refuses probabilities in their place. */
  readonly heads?: readonly string[];
  /**
   * The loss per sample `[batch]`, which the attack maximises: higher for a more wrong prediction or, if there are targets,
   * for one nearer to them. Called inside `tf.tidy`, and differentiated with respect to `inputs` and all that depends on
   * them.
   */
  compute(given: LossInputs): tf.Tensor1D;
}

/** The arguments of an {@link ObservedLoss}. The attack owns the tensors: don't dispose of them. */
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

/** A loss in the form that attacks use. */
export interface MaximisedLoss {
  /** The inner values that it needs. */
  readonly observed: readonly string[];
  /** Those of them that are used as logits. */
  readonly heads?: readonly string[];
  /** Whether it is defined by class indices, so that labels have to be such. */
  readonly ofClasses: boolean;
  /** Whether it is the margin to the best wrong class, which searches for a boundary divide into one margin for each class. */
  readonly bestRival?: boolean;
  /** The values that the attack maximises, `[batch]`; with targets, higher for a prediction nearer to them. */
  compute(given: LossInputs): tf.Tensor1D;
  /** The loss that users know by its name, from the values of `compute`. */
  report(values: tf.Tensor1D, targeted: boolean): tf.Tensor1D;
}

const same = (values: tf.Tensor1D) => tf.clone(values);

/**
 * An {@link AttackLoss} in the form that attacks use.
 * @param path what the loss is called in messages
 * @param rank how many of the largest logits the criterion looks at. The margin is that to the wrong class in this place,
 *   so that it is above 0 where the attack succeeds
 * @throws {AttackOptionsError} when it is not a loss
 */
export function maximisedLossOf(loss: AttackLoss, path = 'loss', rank = 1): MaximisedLoss {
  switch (loss) {
    case 'cross-entropy':
      return {
        observed: [],
        ofClasses: true,
        compute: towards(logOdds),
        report: (values, targeted) =>
          targeted ? tf.neg(softplus(tf.neg<tf.Tensor1D>(values))) : softplus(values),
      };
    case 'cw':
      return {
        observed: [],
        ofClasses: true,
        bestRival: rank === 1,
        compute: towards((logits, labels) => marginLoss(logits, labels, rank)),
        report: same,
      };
    case 'dlr':
      return {
        observed: [],
        ofClasses: true,
        compute: ({ logits, labels, targets }) =>
          targets ? targetedDlrLoss(logits, labels, targets) : dlrLoss(logits, labels),
        report: same,
      };
  }
  if (typeof loss === 'function') {
    const name = loss.name ? `The loss function '${loss.name}'` : 'The loss function';
    return {
      observed: [],
      ofClasses: false,
      compute: towards((logits, labels) => perSample(loss(logits, labels), logits, name)),
      report: same,
    };
  }
  const expected =
    "'cross-entropy', 'cw', 'dlr', a function of logits and labels, or an object with a function compute";
  checkOption(path, loss, typeof loss?.compute === 'function', expected);
  return {
    observed: loss.observed ?? [],
    heads: loss.heads ?? [],
    ofClasses: false,
    compute: (given) => perSample(loss.compute(given), given.logits, `The loss '${loss.name}'`),
    report: same,
  };
}

type Loss = (logits: tf.Tensor2D, labels: tf.Tensor1D) => tf.Tensor1D;

/** Away from the labels, or towards the targets if there are any. */
function towards(loss: Loss): MaximisedLoss['compute'] {
  return ({ logits, labels, targets }) => (targets ? tf.neg(loss(logits, targets)) : loss(logits, labels));
}

function perSample(values: tf.Tensor, logits: tf.Tensor2D, name: string): tf.Tensor1D {
  if (!(values instanceof tf.Tensor) || values.rank !== 1 || values.shape[0] !== logits.shape[0]) {
    throw new AttackInputError(
      mismatch(
        name,
        values,
        `one value per sample, of shape ${formatValue([logits.shape[0]])}`,
        'Sum or average over all axes but the batch.',
      ),
    );
  }
  return values as tf.Tensor1D;
}
