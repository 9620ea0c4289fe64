import * as tf from '@tensorflow/tfjs-core';
import { AttackInputError, AttackOptionsError, shown } from '../errors.js';
import { logOdds, softplus } from './crossEntropy.js';
import { dlrLoss, targetedDlrLoss } from './dlr.js';
import { marginLoss } from './margin.js';

/**
 * What an attack raises: cross-entropy, the margin of Carlini and Wagner, the difference of logits ratio, or a
 * function of logits `[batch, classes]` and labels `[batch]` that gives a loss `[batch]`, higher for a more wrong
 * prediction. With targets, an attack lowers the loss with respect to the targets instead ('dlr': its targeted form).
 */
export type AttackLoss =
  | 'cross-entropy'
  | 'dlr'
  | 'cw'
  | ((logits: tf.Tensor2D, labels: tf.Tensor1D) => tf.Tensor1D);

/** A loss as the attacks use it. */
export interface Objective {
  /** What is raised, `[batch]`; with targets, what brings the prediction nearer to them. */
  raise(logits: tf.Tensor2D, labels: tf.Tensor1D, targets?: tf.Tensor1D): tf.Tensor1D;
  /** The loss by its name, of the values of `raise`. */
  report(raised: tf.Tensor1D, targeted: boolean): tf.Tensor1D;
}

/** The objective that an {@link AttackLoss} stands for. */
export function objectiveOf(loss: AttackLoss): Objective {
  const same = (raised: tf.Tensor1D) => tf.clone(raised);
  switch (loss) {
    case 'cross-entropy':
      return {
        raise: towards(logOdds),
        report: (raised, targeted) =>
          targeted ? tf.neg(softplus(tf.neg<tf.Tensor1D>(raised))) : softplus(raised),
      };
    case 'cw':
      return { raise: towards(marginLoss), report: same };
    case 'dlr':
      return {
        raise: (logits, labels, targets) =>
          targets ? targetedDlrLoss(logits, labels, targets) : dlrLoss(logits, labels),
        report: same,
      };
  }
  if (typeof loss !== 'function') {
    throw new AttackOptionsError(
      `loss is ${shown(loss)}; expected 'cross-entropy', 'cw', 'dlr' or a function of logits and labels.`,
    );
  }
  const checked = (logits: tf.Tensor2D, labels: tf.Tensor1D) => {
    const values = loss(logits, labels);
    if (values?.rank !== 1 || values.shape[0] !== logits.shape[0]) {
      throw new AttackInputError(
        `The loss function gave ${shown(values)}; expected one value per sample, shape [${logits.shape[0]}]: sum or average over all axes but the batch.`,
      );
    }
    return values;
  };
  return { raise: towards(checked), report: same };
}

type Loss = (logits: tf.Tensor2D, labels: tf.Tensor1D) => tf.Tensor1D;

/** Away from the labels, or towards the targets if there are any. */
function towards(loss: Loss): Objective['raise'] {
  return (logits, labels, targets) => (targets ? tf.neg(loss(logits, targets)) : loss(logits, labels));
}
