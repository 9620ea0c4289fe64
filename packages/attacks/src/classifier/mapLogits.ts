import * as tf from '@tensorflow/tfjs-core';
import { tidyObject } from '../tensors/tidyObject.js';
import type { Classifier, FrozenClassifier } from './classifier.js';

/** The logits [0, z] of one yes/no answer z, `[batch]` or with axes of size 1. */
export function binaryLogits(z: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const column = tf.reshape(z, [-1, 1]);
    return tf.concat([tf.zerosLike(column), column], 1);
  });
}

/** A classifier with a function applied to its logits. */
export function mapLogits(classifier: Classifier, map: (logits: tf.Tensor) => tf.Tensor): Classifier {
  const mapped: Classifier = (inputs) => tf.tidy(() => map(classifier(inputs)) as tf.Tensor2D);
  const { observe, frozen } = classifier;
  if (observe) {
    mapped.observe = (inputs, names) =>
      tidyObject(() => {
        const seen = observe(inputs, names);
        const logits = map(seen.logits) as tf.Tensor2D;
        const values = Object.entries(seen.values).map(([name, value]) => [
          name,
          value === seen.logits ? logits : value,
        ]);
        return { logits, values: Object.fromEntries(values) };
      });
  }
  if (frozen) mapped.frozen = (inputs, modalities) => mapFrozen(frozen(inputs, modalities), map);
  return mapped;
}

function mapFrozen(frozen: FrozenClassifier, map: (logits: tf.Tensor) => tf.Tensor): FrozenClassifier {
  const result: FrozenClassifier = Object.assign(mapLogits(frozen, map), { dispose: () => frozen.dispose() });
  if (frozen.take) result.take = (rows) => mapFrozen(frozen.take!(rows), map);
  return result;
}
