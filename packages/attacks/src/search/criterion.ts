import { formatValue, mismatch } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { AttackInputError } from '../errors.js';
import { checkCount, checkOption, rejectUnknownOptions } from '../options.js';

/**
 * What counts as success, in each row by itself:
 *
 * - 'misclassified': the largest logit is not the label's (the first of equal ones counts).
 * - 'targeted': the largest logit is the target's.
 * - `{ topK: k }`: the label is not among the k largest logits or, if there are targets, the target is among them.
 * - a function of the outputs and the labels (the targets, if there are any) that returns `[batch]`, true for success. With
 *   a function as the attack's loss too, outputs and labels may be of any kind with the batch as first axis: real numbers
 *   to predict, several labels of one sample.
 */
export type Criterion =
  | 'misclassified'
  | 'targeted'
  | {
      /** Number of the largest logits that count, from 1 to one less than the number of classes. */
      readonly topK: number;
    }
  | ((outputs: tf.Tensor2D, labels: tf.Tensor1D) => tf.Tensor);

/** A {@link Criterion} in the form that attacks use. */
export interface SuccessCriterion {
  /** Number of the largest logits that count: 1 except for `topK`. */
  readonly rank: number;
  /** Whether it is a function of the caller, which may judge outputs that are not logits. */
  readonly custom: boolean;
  /** Whether it compares predictions with the targets, if there are any, rather than with the labels. */
  readonly ofTargets: boolean;
  /** 1 in rows where the attack has succeeded, else 0, `[batch]`. */
  success(outputs: tf.Tensor, labels: tf.Tensor, targets: tf.Tensor | undefined): tf.Tensor1D;
}

/**
 * A {@link Criterion} in the form that attacks use.
 * @param targeted whether there are targets. Then the default is 'targeted', else 'misclassified'
 * @throws {AttackOptionsError} when it is not a criterion, or 'targeted' without targets
 */
export function successCriterionOf(criterion: Criterion | undefined, targeted: boolean): SuccessCriterion {
  if (typeof criterion === 'function') return customCriterion(criterion);
  if (typeof criterion === 'object' && criterion !== null) {
    rejectUnknownOptions('perturb.criterion', criterion, ['topK']);
    checkCount('perturb.criterion.topK', criterion.topK);
    return topKCriterion(criterion.topK);
  }
  const names = ['misclassified', 'targeted'];
  checkOption(
    'perturb.criterion',
    criterion,
    criterion === undefined || names.includes(criterion),
    "'misclassified', 'targeted', { topK: number } or a function of outputs and labels",
  );
  checkOption(
    'perturb.criterion',
    criterion,
    criterion !== 'targeted' || targeted,
    'targets as well, which it compares the predictions with',
    'Give perturb the option targets.',
  );
  return criterion === 'misclassified'
    ? { rank: 1, custom: false, ofTargets: false, success: misclassified }
    : topKCriterion(1);
}

function misclassified(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor1D {
  return tf.cast(tf.notEqual(tf.argMax(logits, 1), labels), 'float32') as tf.Tensor1D;
}

/** Success if the label is not among the `rank` largest logits, or the target is. */
function topKCriterion(rank: number): SuccessCriterion {
  return {
    rank,
    custom: false,
    ofTargets: true,
    success(logits, labels, targets) {
      if (rank > 1) {
        const place = placeOf(logits as tf.Tensor2D, (targets ?? labels) as tf.Tensor1D);
        return tf.cast(
          targets ? tf.less(place, rank) : tf.greaterEqual(place, rank),
          'float32',
        ) as tf.Tensor1D;
      }
      if (!targets) return misclassified(logits, labels);
      return tf.cast(tf.equal(tf.argMax(logits, 1), targets), 'float32') as tf.Tensor1D;
    },
  };
}

/** The place of a class in each row's order of falling logits, from 0; the first of equal ones comes first, as in tf.argMax. */
function placeOf(logits: tf.Tensor2D, classes: tf.Tensor1D): tf.Tensor1D {
  const [rows, count] = logits.shape;
  const own = tf.oneHot(tf.cast(classes, 'int32'), count);
  const logit = tf.sum(tf.mul(logits, tf.cast(own, 'float32')), 1, true);
  const isBefore = tf.less(
    tf.tile(tf.expandDims(tf.range(0, count, 1, 'int32'), 0), [rows, 1]),
    tf.expandDims(tf.cast(classes, 'int32'), 1),
  );
  const ahead = tf.logicalOr(tf.greater(logits, logit), tf.logicalAnd(tf.equal(logits, logit), isBefore));
  return tf.sum(tf.cast(ahead, 'int32'), 1) as tf.Tensor1D;
}

function customCriterion(judge: (outputs: tf.Tensor2D, labels: tf.Tensor1D) => tf.Tensor): SuccessCriterion {
  const name = judge.name ? `The criterion '${judge.name}'` : 'The criterion';
  return {
    rank: 1,
    custom: true,
    ofTargets: true,
    success(outputs, labels, targets) {
      const flags = judge(outputs as tf.Tensor2D, (targets ?? labels) as tf.Tensor1D);
      if (!(flags instanceof tf.Tensor) || flags.rank !== 1 || flags.shape[0] !== outputs.shape[0]) {
        const expected = `true or false for each sample, of shape ${formatValue([outputs.shape[0]!])}`;
        throw new AttackInputError(mismatch(name, flags, expected));
      }
      return tf.cast(tf.cast(flags, 'bool'), 'float32') as tf.Tensor1D;
    },
  };
}
