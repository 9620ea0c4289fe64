import { mismatch, mixSeed } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import type { Classifier, Modalities } from '../classifier/classifier.js';
import { explainingUnsupported } from '../classifier/unsupportedOperation.js';
import { AttackInputError } from '../errors.js';
import { maskOut, oneHotOf } from '../losses/rowLoss.js';
import { checkOption } from '../options.js';
import { randomOf } from '../tensors/random.js';

/**
 * Classes that the classifier shall predict: one for each sample, the one with the smallest logit at the clean input, or a
 * random one. 'least-likely' and 'random' never choose the label.
 */
export type Targets = tf.Tensor | 'least-likely' | 'random';

/** The options of `perturb` that targets depend on. */
interface TargetOptions {
  targets?: Targets | undefined;
  seed?: number | undefined;
  rows?: readonly number[] | undefined;
}

/** Separates the draws of targets from those of the attack. */
const TARGET_DRAWS = 0x7a67;

/**
 * Turns 'least-likely' and 'random' into a new tensor, which costs `eotSamples` forward passes. Others stay as they are.
 * @throws {AttackOptionsError} when the targets are another text
 * @throws {AttackInputError} when the classifier's outputs are not logits
 */
export function chooseTargets(
  classifier: Classifier,
  inputs: Modalities,
  labels: tf.Tensor,
  { targets, seed = 0, rows }: TargetOptions,
  eotSamples = 1,
): tf.Tensor | undefined {
  if (typeof targets !== 'string') return targets;
  const known = targets === 'least-likely' || targets === 'random';
  checkOption('perturb.targets', targets, known, "a tensor, 'least-likely' or 'random'");
  return tf.tidy(() => {
    const samples = Array.from({ length: eotSamples }, () => explainingUnsupported(() => classifier(inputs)));
    const logits = tf.div<tf.Tensor2D>(tf.addN(samples), eotSamples);
    if (logits.rank !== 2 || logits.shape[1] < 2) {
      const expected = 'logits [batch, classes], among which targets are chosen';
      throw new AttackInputError(mismatch('classifier', samples[0], expected, 'Give targets as a tensor.'));
    }
    const classes = tf.cast(labels, 'int32') as tf.Tensor1D;
    return targets === 'least-likely'
      ? leastLikely(logits, classes)
      : randomTargets(logits, classes, seed, rows);
  });
}

/** The class with the smallest logit; where that is the label, the one with the next. */
function leastLikely(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor {
  return tf.argMax(maskOut(tf.neg(logits), oneHotOf(labels, logits)), 1);
}

/** A class for each row, every class but the label with the same probability. */
function randomTargets(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  seed: number,
  rows: readonly number[] | undefined,
): tf.Tensor {
  const [count, classes] = logits.shape;
  const random = randomOf(mixSeed(TARGET_DRAWS, seed, Math.floor(seed / 2 ** 32)), rows);
  const others = tf.floor(tf.mul(tf.reshape(random.uniform(count, 1), [count]), classes - 1));
  const index = tf.cast(tf.minimum(others, classes - 2), 'int32');
  return tf.add(index, tf.cast(tf.greaterEqual(index, labels), 'int32'));
}
