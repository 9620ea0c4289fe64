import type { Classifier } from '@amr/attacks';
import * as tf from '@tensorflow/tfjs-core';

/** Rows that have gone through a classifier, forwards and backwards. */
export interface Passes {
  /** Rows classified. */
  forward: number;
  /** Rows whose gradient was computed. */
  backward: number;
}

/** The same classifier, which adds what it does to `passes`. */
export function counted(classifier: Classifier, passes: Passes): Classifier {
  const count = tf.customGrad((logits) => {
    const rows = (logits as tf.Tensor).shape[0]!;
    passes.forward += rows;
    return {
      value: tf.clone(logits as tf.Tensor),
      gradFunc: (dy: tf.Tensor) => {
        passes.backward += rows;
        return tf.clone(dy);
      },
    };
  });
  const same: Classifier = (inputs) => tf.tidy(() => count(classifier(inputs)) as tf.Tensor2D);
  const { frozen } = classifier;
  if (frozen) {
    same.frozen = (inputs, modalities) => {
      const held = frozen(inputs, modalities);
      return Object.assign(counted(held, passes), { dispose: () => held.dispose() });
    };
  }
  return same;
}
