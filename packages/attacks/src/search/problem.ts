import type * as tf from '@tensorflow/tfjs-core';
import type { Classifier, Modalities } from '../classifier/classifier.js';
import type { FirstOutputs } from '../classifier/probabilities.js';
import type { MaximisedLoss } from '../losses/attackLoss.js';
import type { Ball } from '../threatModel/ball.js';
import type { SuccessCriterion } from './criterion.js';
import type { CheckedBatch } from './validation.js';

/**
 * One call of `perturb`, prepared. When finished rows are removed from the batch, the fields are replaced by those of the
 * active rows, so code that outlives a step has to read them again.
 */
export interface Problem {
  /** What is attacked, frozen where possible. */
  readonly classifier: Classifier;
  /** The clean inputs. */
  readonly inputs: Modalities;
  /** The adversary's balls. */
  readonly balls: readonly Ball[];
  /** The loss that the attack maximises. */
  readonly loss: MaximisedLoss;
  /** Inner values of the classifier at the clean inputs, as far as the loss needs them. */
  readonly observedClean: Modalities;
  /** Number of classifier calls that each evaluation averages over. */
  readonly eotSamples: number;
  /** True classes, int32; of any kind where loss and criterion are the caller's own functions. */
  readonly labels: tf.Tensor1D;
  /** Classes to be predicted instead, int32. */
  readonly targets?: tf.Tensor1D;
  /** Judges the classifier's first outputs. */
  readonly firstOutputs: FirstOutputs;
  /** What counts as success. */
  readonly criterion: SuccessCriterion;
  /** The largest label or target, to be compared with the number of logits. Absent: labels and outputs are of any kind. */
  readonly largestLabel: CheckedBatch['largestLabel'];
  /** Whether gradients that are not finite are set to 0, as their rows are skipped. */
  readonly skipNonFinite: boolean;
}
