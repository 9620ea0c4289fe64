import type { Classifier, Modalities } from '@amr/attacks';
import * as tf from '@tensorflow/tfjs-core';

/** A tensor of seeded normal draws. */
export function normal(shape: number[], seed: number, deviation = 1): tf.Tensor {
  return tf.randomNormal(shape, 0, deviation, 'float32', seed);
}

/** A tensor of seeded uniform draws. */
export function uniform(
  shape: number[],
  seed: number,
  [low, high]: readonly [number, number] = [0, 1],
): tf.Tensor {
  return tf.randomUniform(shape, low, high, 'float32', seed);
}

/** Logits that are the sum of x_m W_m over the modalities, x_m flattened. */
export function linearClassifier(weights: { [modality: string]: tf.Tensor2D }): Classifier {
  return (inputs) =>
    tf.tidy(() =>
      tf.addN(
        Object.entries(weights).map(([name, weight]) =>
          tf.matMul(tf.reshape(inputs[name]!, [-1, weight.shape[0]]), weight),
        ),
      ),
    ) as tf.Tensor2D;
}

/** A network with one hidden layer of tanh over all inputs; `gain` multiplies the logits. */
export function denseClassifier(inputs: Modalities, classes: number, seed: number, gain = 1): Classifier {
  const hidden = 6;
  const first = Object.fromEntries(
    Object.entries(inputs).map(([name, x], i) => {
      const size = x.size / x.shape[0]!;
      return [name, normal([size, hidden], seed + i, 1 / Math.sqrt(size)) as tf.Tensor2D];
    }),
  );
  const second = normal([hidden, classes], seed + 100, gain);
  const joined = linearClassifier(first);
  return (x) => tf.tidy(() => tf.matMul(tf.tanh(joined(x)), second) as tf.Tensor2D);
}

/** What a classifier predicts, int32. */
export function predictionsOf(classifier: Classifier, inputs: Modalities): tf.Tensor1D {
  return tf.tidy(() => tf.argMax(classifier(inputs), 1));
}

/** A tensor's values. */
export function values(x: tf.Tensor): number[] {
  return Array.from(x.dataSync());
}

/** Each sample's values. */
export function rowsOf(x: tf.Tensor): number[][] {
  const all = values(x);
  const size = x.size / x.shape[0]!;
  return Array.from({ length: x.shape[0]! }, (_, row) => all.slice(row * size, (row + 1) * size));
}

/** Length of a vector. */
export function lengthOf(norm: 'linf' | 'l2' | 'l1', vector: readonly number[]): number {
  const sizes = vector.map(Math.abs);
  if (norm === 'linf') return Math.max(...sizes);
  return norm === 'l1' ? sizes.reduce((a, b) => a + b, 0) : Math.sqrt(sizes.reduce((a, b) => a + b * b, 0));
}
