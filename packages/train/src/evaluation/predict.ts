import type { Classifier, Modalities } from '@amr/attacks';
import * as tf from '@tensorflow/tfjs-core';
import { TrainDataError } from '../errors.js';

/**
 * Class with the greatest logit for each row.
 * @throws {TrainDataError} for logits that are not [batch, classes]
 */
export async function predict(
  classifier: Classifier,
  inputs: Modalities,
  classes: number,
): Promise<number[]> {
  const predicted = tf.tidy(() => {
    const logits = classifier(inputs);
    if (logits.rank !== 2 || logits.shape[1] !== classes) {
      throw new TrainDataError(
        `logits: got shape [${logits.shape}] from the classifier; expected [batch, ${classes}].`,
      );
    }
    return tf.argMax(logits, 1);
  });
  const values = await predicted.data().finally(() => predicted.dispose());
  return [...values];
}
