import { mismatch } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { AttackInputError } from '../errors.js';
import { checkClassifier } from './checkClassifier.js';
import type { Classifier, Modalities } from './classifier.js';

/**
 * The classes that a classifier predicts: labels for an attack where the true ones are not known. Every sample then counts
 * as right before the attack.
 * @returns `[batch]`, int32, owned by the caller
 * @throws {AttackInputError} when the classifier's outputs are not logits `[batch, classes]`
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { type Classifier, pgd, predictedLabels } from '@amr/attacks';
 * const classifier: Classifier = ({ x }) => tf.stack([tf.sum(x!, 1), tf.zeros([x!.shape[0]!])], 1);
 * const inputs = { x: tf.tensor2d([[0.2, 0.3]]) };
 * const labels = predictedLabels(classifier, inputs);
 * const adversarial = await pgd({ x: { norm: 'linf', epsilon: 0.5 } }).perturb(classifier, inputs, labels);
 * console.log(await labels.data(), await predictedLabels(classifier, adversarial).data()); // 0, then 1
 * ```
 */
export function predictedLabels(classifier: Classifier, inputs: Modalities): tf.Tensor1D {
  checkClassifier(classifier);
  return tf.tidy(() => {
    const logits = classifier(inputs);
    if (!(logits instanceof tf.Tensor) || logits.rank !== 2) {
      throw new AttackInputError(mismatch('classifier', logits, 'logits of shape [batch, classes]'));
    }
    return tf.argMax<tf.Tensor1D>(logits, 1);
  });
}
