import type { Modalities, NormName } from '@amr/attacks';
import * as tf from '@tensorflow/tfjs-core';
import { linearClassifier, normal, rowsOf, uniform, values } from './models.js';

/**
 * With two classes and logits that are linear in the input, the margin of the wrong class is m + w . d. Over a ball its
 * maximum is m + epsilon |w|_*, with the dual norm: the sum of sizes for linf, the length for l2, the largest for l1.
 */
export const dual: Record<NormName, NormName> = { linf: 'l1', l2: 'l2', l1: 'linf' };

const sizes = { a: 12, b: 5 };

/** Three samples of two modalities, a linear classifier of two classes, and what is known of it. */
export function linearSetting(seed: number) {
  const weights = {
    a: normal([sizes.a, 2], seed) as tf.Tensor2D,
    b: normal([sizes.b, 2], seed + 1) as tf.Tensor2D,
  };
  const inputs: Modalities = { a: uniform([3, 2, 6], seed + 2), b: normal([3, 5, 1, 1], seed + 3) };
  const classifier = linearClassifier(weights);
  const labels = tf.tensor1d([0, 1, seed % 2], 'int32');
  /** By how much the wrong class wins, for each sample. */
  const margins = (x: Modalities) =>
    tf.tidy(() => rowsOf(classifier(x)).map((z, i) => z[1 - values(labels)[i]!]! - z[values(labels)[i]!]!));
  /** How the margin of a row rises with each entry. */
  const slope = (name: 'a' | 'b', row: number) =>
    rowsOf(weights[name]).map((w) => w[1 - values(labels)[row]!]! - w[values(labels)[row]!]!);
  return { inputs, classifier, labels, margins, slope };
}

/** What {@link linearSetting} gives. */
export type LinearSetting = ReturnType<typeof linearSetting>;
