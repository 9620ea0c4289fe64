import type { Attack, Classifier } from '@amr/attacks';
import { type Dataset, mixSeed } from '@amr/internal';
import { crossEntropy } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { checkBatch, disposeBatch } from '../model/checkBatch.js';

/** The validation after each epoch. */
export interface Validation {
  /** The samples. */
  set: Dataset;
  /** Measures the accuracy under this attack, too. Default: none. */
  attack?: Attack;
  /** Samples in a batch. Default: the training's. */
  batchSize?: number;
}

/** Metrics of a validation. */
export interface ValidationMetrics {
  /** Mean cross-entropy. */
  validationLoss: number;
  /** Fraction in [0, 1] predicted correctly. */
  validationAccuracy: number;
  /** Fraction in [0, 1] predicted correctly under the attack. */
  validationRobustAccuracy?: number;
}

/**
 * Evaluates the validation's samples, without and with its attack.
 * @returns undefined when the signal stopped it
 */
export async function validate(
  classifier: Classifier,
  validation: Validation,
  run: {
    modalities: readonly string[];
    batchSize: number;
    seed: number;
    signal: AbortSignal | undefined;
    allowProbabilities: boolean;
  },
): Promise<ValidationMetrics | undefined> {
  const { set, attack } = validation;
  const sums = { loss: 0, correct: 0, robust: 0 };
  let number = 0;
  for await (const batch of set.batches({ batchSize: validation.batchSize ?? run.batchSize })) {
    try {
      if (run.signal?.aborted) return undefined;
      await checkBatch(batch, set, run.modalities);
      const clean = await metricsOf(classifier, batch.inputs, batch.labels);
      sums.loss += clean.loss;
      sums.correct += clean.correct;
      if (attack) {
        const inputs = Object.fromEntries(run.modalities.map((name) => [name, batch.inputs[name]!]));
        const adversarial = await attack.perturb(classifier, inputs, batch.labels, {
          seed: mixSeed(run.seed, number++),
          ...(run.allowProbabilities && { allowProbabilities: true }),
        });
        try {
          // A sample that is wrong without an attack is not robust, even if the attack happens to make it right.
          sums.robust += (await metricsOf(classifier, adversarial, batch.labels, clean.right)).correct;
        } finally {
          tf.dispose(adversarial);
        }
      }
    } finally {
      disposeBatch(batch);
    }
  }
  return {
    validationLoss: sums.loss / set.size,
    validationAccuracy: sums.correct / set.size,
    ...(attack && { validationRobustAccuracy: sums.robust / set.size }),
  };
}

/** @param rightBefore rows that were right without an attack; only those count as correct */
async function metricsOf(
  classifier: Classifier,
  inputs: { [modality: string]: tf.Tensor },
  labels: tf.Tensor1D,
  rightBefore?: Uint8Array,
) {
  const [losses, right] = tf.tidy((): [tf.Tensor, tf.Tensor] => {
    const logits = classifier(inputs) as tf.Tensor2D;
    return [crossEntropy(logits, labels), tf.equal(tf.argMax(logits, 1), labels)];
  });
  const [loss, hits] = await Promise.all([losses.data<'float32'>(), right.data<'bool'>()]).finally(() =>
    tf.dispose([losses, right]),
  );
  return {
    loss: loss.reduce((sum, value) => sum + value, 0),
    correct: hits.reduce((sum, hit, i) => sum + (hit && (rightBefore?.[i] ?? 1) ? 1 : 0), 0),
    right: hits,
  };
}
