import type { Classifier, Modalities } from '@amr/attacks';
import * as tf from '@tensorflow/tfjs-core';
import { TrainDataError } from '../errors.js';

/**
 * Class with the greatest logit for each row.
 * @param eotSamples number of classifier calls over which the logits are averaged
 * @throws {TrainDataError} for logits that are not [batch, classes]
 */
export async function predict(
  classifier: Classifier,
  inputs: Modalities,
  classes: number,
  eotSamples = 1,
): Promise<number[]> {
  const predicted = tf.tidy(() => {
    const calls = Array.from({ length: eotSamples }, () => checkedLogits(classifier(inputs), classes));
    // The sum has its largest entry where the mean has.
    return tf.argMax(calls.length === 1 ? calls[0]! : tf.addN(calls), 1);
  });
  const values = await predicted.data().finally(() => predicted.dispose());
  return [...values];
}

function checkedLogits(logits: tf.Tensor, classes: number): tf.Tensor {
  if (logits.rank !== 2 || logits.shape[1] !== classes) {
    throw new TrainDataError(
      `logits: got shape [${logits.shape}] from the classifier; expected [batch, ${classes}].`,
    );
  }
  return logits;
}
