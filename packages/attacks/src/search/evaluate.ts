/*
 * The classifier and the loss at a point: logits, loss, success, and the gradient. A point is given by its perturbations,
 * one matrix per ball. Everything here is called inside `tf.tidy` and reads nothing back from the backend, so that a
 * step queues its work and doesn't wait for it.
 */
import { formatValue } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import type { Modalities, Observation } from '../classifier/classifier.js';
import { explainUnsupported } from '../classifier/unsupportedOperation.js';
import { AttackInputError } from '../errors.js';
import type { MaximisedLoss } from '../losses/attackLoss.js';
import { columnsOf } from '../threatModel/ball.js';
import { gradientOfPerturbation, perturbModalities } from '../threatModel/perturbation.js';
import type { Problem } from './problem.js';

/** The loss at a point, and its gradient. */
export interface GradientEvaluation {
  /** `[batch]` */
  loss: tf.Tensor1D;
  /** `[batch, classes]` */
  logits: tf.Tensor2D;
  /** With respect to the perturbation in each ball. */
  gradients: tf.Tensor2D[];
  /**
   * For each attacked modality, in the order of the balls, and in it for each row, 0, or NaN if the gradient has NaN or
   * infinite entries where the attack may write, `[modalities * batch]`.
   */
  finite: tf.Tensor1D;
}

/** The inputs with the perturbations of all balls. Modalities outside them are the clean tensors themselves. */
export function perturbedInputs({ inputs, balls }: Problem, deltas: readonly tf.Tensor2D[]): Modalities {
  return Object.assign({ ...inputs }, ...balls.map((ball, i) => perturbModalities(ball, deltas[i]!)));
}

/** The checked logits at a point, averaged over the EOT samples. One forward pass for each of them. */
export function logitsAt(problem: Problem, deltas: readonly tf.Tensor2D[]): tf.Tensor2D {
  return meanLogits(problem, perturbedInputs(problem, deltas));
}

/** The checked logits at some inputs, averaged over the EOT samples. */
export function meanLogits(problem: Problem, inputs: Modalities): tf.Tensor2D {
  const logits = mean(repeat(problem.eotSamples, () => checkedLogits(problem, problem.classifier(inputs))));
  problem.firstOutputs.note(logits);
  return logits;
}

/** Whether each row is fooled, `[batch]`, 0 or 1: the criterion says that the attack has succeeded. */
export function fooled({ criterion, labels, targets }: Problem, logits: tf.Tensor2D): tf.Tensor1D {
  return criterion.success(logits, labels, targets);
}

/** Loss and logits at some inputs, averaged over the EOT samples. One forward pass for each of them. */
export function evaluateLoss(
  problem: Problem,
  inputs: Modalities,
): { logits: tf.Tensor2D; loss: tf.Tensor1D } {
  const samples = repeat(problem.eotSamples, () => lossAt(problem, inputs, problem.loss));
  const logits = mean(samples.map((sample) => sample.logits));
  problem.firstOutputs.note(logits);
  return { logits, loss: mean(samples.map(({ loss }) => loss)) };
}

/**
 * The loss and its gradient with respect to the attacked modalities only, averaged over the EOT samples.
 * @param only modalities whose gradient is computed, fewer than all; that of the others is 0
 */
export function evaluateGradient(
  problem: Problem,
  deltas: readonly tf.Tensor2D[],
  loss: MaximisedLoss = problem.loss,
  only?: readonly string[],
): GradientEvaluation {
  const inputs = perturbedInputs(problem, deltas);
  const attacked = problem.balls.flatMap(({ parts }) => parts.map(({ modality }) => modality));
  const names = only ? attacked.filter((name) => only.includes(name)) : attacked;
  const samples = repeat(problem.eotSamples, () => gradientSample(problem, inputs, loss, names));
  const missing = names.filter((_, i) => samples.some(({ grads }) => !grads[i]));
  if (missing.length > 0) {
    throw new AttackInputError(
      `loss: got no gradient for ${missing.map(formatValue).join(', ')}; expected a loss that depends on all attacked modalities by differentiable operations. Take them out of the threat model or use them in the classifier.`,
    );
  }
  const byModality = Object.fromEntries(
    attacked.map((name) => {
      const i = names.indexOf(name);
      return [name, i < 0 ? tf.zerosLike(inputs[name]!) : mean(samples.map(({ grads }) => grads[i]!))];
    }),
  );
  const gradients = problem.balls.map((ball) => gradientOfPerturbation(ball, byModality));
  const finite = problem.balls.flatMap((ball, i) =>
    ball.parts.map((part) => {
      const columns = columnsOf(ball, part, gradients[i]!);
      // g - g is 0 for every number and NaN for NaN and infinities: no other check is as cheap.
      return tf.sum<tf.Tensor1D>(tf.sub(columns, columns), 1);
    }),
  );
  const logits = mean(samples.map((sample) => sample.logits));
  problem.firstOutputs.note(logits);
  return {
    loss: mean(samples.map(({ value }) => value as tf.Tensor1D)),
    logits,
    gradients: problem.skipNonFinite
      ? gradients.map((gradient) => zeroWhereNot(finite, gradient))
      : gradients,
    finite: finite.length === 1 ? finite[0]! : tf.concat1d(finite),
  };
}

/** The gradient, with 0 in rows in which one of the modalities' gradients is not finite. */
function zeroWhereNot(finite: readonly tf.Tensor1D[], gradient: tf.Tensor2D): tf.Tensor2D {
  const good = tf.equal(finite.length === 1 ? finite[0]! : tf.addN([...finite]), 0);
  return tf.where(tf.tile(tf.expandDims(good, 1), [1, gradient.shape[1]]), gradient, tf.zerosLike(gradient));
}

/** Loss, logits and gradients of one call of the classifier. */
function gradientSample(
  problem: Problem,
  inputs: Modalities,
  loss: MaximisedLoss,
  names: readonly string[],
): { value: tf.Tensor; grads: (tf.Tensor | undefined)[]; logits: tf.Tensor2D } {
  let logits: tf.Tensor2D | undefined;
  const value = (...varied: tf.Tensor[]): tf.Tensor => {
    const moved = Object.fromEntries(names.map((name, i) => [name, varied[i]!]));
    const seen = lossAt(problem, { ...inputs, ...moved }, loss);
    // The scope of the tape ends before the logits can be read.
    logits = tf.keep(tf.clone(seen.logits));
    return seen.loss;
  };
  try {
    const points = names.map((name) => inputs[name]!);
    return { ...gradientsOf(value, points), logits: tf.clone(logits!) };
  } catch (error) {
    // Without logits, the forward pass has failed.
    if (!logits || explainUnsupported(error) === error) throw error;
    throw explainUnsupported(error, failingOf(problem, inputs, loss, names));
  } finally {
    logits?.dispose();
  }
}

/** Those modalities whose gradient can't be computed alone, after that of all together has failed. */
function failingOf(
  problem: Problem,
  inputs: Modalities,
  loss: MaximisedLoss,
  names: readonly string[],
): readonly string[] {
  if (names.length === 1) return names;
  return names.filter((name) => {
    try {
      gradientsOf((x) => lossAt(problem, { ...inputs, [name]: x! }, loss).loss, [inputs[name]!]);
      return false;
    } catch {
      return true;
    }
  });
}

function lossAt(problem: Problem, inputs: Modalities, loss: MaximisedLoss) {
  const { labels, targets, inputs: clean, observedClean } = problem;
  const { logits, values: observed } = observedAt(problem, inputs, loss.observed);
  return { logits, loss: loss.compute({ logits, labels, targets, inputs, clean, observed, observedClean }) };
}

/** The logits at some inputs, and inner values of the classifier by name. */
export function observedAt(problem: Problem, inputs: Modalities, names: readonly string[]): Observation {
  if (names.length === 0) return { logits: checkedLogits(problem, problem.classifier(inputs)), values: {} };
  if (!problem.classifier.observe) {
    throw new AttackInputError(
      `classifier: got no function 'observe'; expected one, since the loss needs ${names.map(formatValue).join(', ')} from inside the classifier. Make it with classifierOf, or give it one.`,
    );
  }
  const seen = problem.classifier.observe(inputs, names);
  const missing = names.filter((name) => !seen.values[name]);
  if (missing.length > 0) {
    throw new AttackInputError(
      `classifier.observe: got values of ${formatValue(Object.keys(seen.values))}; expected ${missing.map(formatValue).join(', ')} as well, which the loss needs.`,
    );
  }
  return { logits: checkedLogits(problem, seen.logits), values: seen.values };
}

/**
 * The logits, checked against the labels; outputs of any kind where labels are not classes.
 * @throws {AttackInputError} when they are of another shape, or for fewer classes
 */
export function checkedLogits(
  { labels, largestLabel }: Pick<Problem, 'labels' | 'largestLabel'>,
  logits: tf.Tensor,
): tf.Tensor2D {
  const rows = labels.shape[0];
  if (!largestLabel) {
    if (logits instanceof tf.Tensor && logits.rank > 0 && logits.shape[0] === rows)
      return logits as tf.Tensor2D;
    throw new AttackInputError(
      `classifier: got ${formatValue(logits)}; expected outputs of shape [${rows}, ...], the batch first.`,
    );
  }
  if (
    !(logits instanceof tf.Tensor) ||
    logits.rank !== 2 ||
    logits.shape[0] !== rows ||
    logits.shape[1]! < 2
  ) {
    throw new AttackInputError(
      `classifier: got ${formatValue(logits)}; expected logits of shape [${rows}, classes] with two classes or more.`,
    );
  }
  const { name, value } = largestLabel;
  const classes = logits.shape[1]!;
  if (value >= classes) {
    throw new AttackInputError(
      `${name}s: got the class ${value}; expected class indices from 0 to ${classes - 1}, as the classifier gives ${classes} logits.`,
    );
  }
  return logits as tf.Tensor2D;
}

/**
 * tf.valueAndGrads, with gaps instead of an error for arguments that the value doesn't depend on, and without the
 * tensors that tfjs leaves behind when `f` or a gradient throws.
 */
function gradientsOf(
  f: (...points: tf.Tensor[]) => tf.Tensor,
  points: tf.Tensor[],
): { value: tf.Tensor; grads: (tf.Tensor | undefined)[] } {
  const engine = tf.engine();
  try {
    return engine.gradients(() => f(...points), points, undefined, true);
  } catch (error) {
    const { activeTape, gradientDepth } = engine.state;
    if (gradientDepth === 0) for (const { saved } of activeTape ?? []) tf.dispose(saved ?? []);
    throw error;
  }
}

function mean<T extends tf.Tensor>(samples: T[]): T {
  return samples.length === 1 ? samples[0]! : tf.div(tf.addN(samples), samples.length);
}

function repeat<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}
