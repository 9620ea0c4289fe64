import * as tf from '@tensorflow/tfjs-core';
import type { Classifier, Modalities, Observation } from '../classifier/classifier.js';
import { AttackInputError, shown } from '../errors.js';
import type { MaximisedLoss } from '../losses/attackLoss.js';
import { type Ball, columnsOf } from '../threatModel/ball.js';
import { gradientOfPerturbation, perturbModalities } from '../threatModel/perturbation.js';
import type { CheckedBatch } from './validation.js';

/**
 * One call of `perturb`, prepared. It stays the same over the steps, unless rows leave the batch: then its fields are
 * those of the rows that are left, so what outlives a step reads them anew.
 */
export interface Problem {
  /** What is attacked, frozen where possible. */
  readonly classifier: Classifier;
  /** The clean inputs. */
  readonly inputs: Modalities;
  /** The adversary's balls. */
  readonly balls: readonly Ball[];
  /** What is raised. */
  readonly objective: MaximisedLoss;
  /** The objective's inner values at the clean inputs. */
  readonly observedClean: Modalities;
  /** Calls of the classifier that one evaluation is the mean of. */
  readonly eotSamples: number;
  /** True classes, int32. */
  readonly labels: tf.Tensor1D;
  /** Classes to be predicted instead, int32. */
  readonly targets?: tf.Tensor1D;
  /** What the classes are compared with. */
  readonly largestLabel: CheckedBatch['largestLabel'];
}

/** The objective at a point, and its gradient. */
export interface GradientEvaluation {
  /** `[batch]` */
  objective: tf.Tensor1D;
  /** `[batch, classes]` */
  logits: tf.Tensor2D;
  /** With respect to the perturbation in each ball. */
  gradients: tf.Tensor2D[];
  /** For each attacked modality, in the order of the balls, 0, or NaN if its gradient has NaN or infinite entries where the attack may write. */
  finite: tf.Scalar[];
}

/** The inputs with the perturbations of all balls. Modalities outside them are the clean tensors themselves. */
export function perturbedInputs({ inputs, balls }: Problem, deltas: readonly tf.Tensor2D[]): Modalities {
  return Object.assign({ ...inputs }, ...balls.map((ball, i) => perturbModalities(ball, deltas[i]!)));
}

/** The logits at a point, checked; with several draws their mean. */
export function logitsAt(problem: Problem, inputs: Modalities): tf.Tensor2D {
  return mean(repeat(problem.eotSamples, () => checkedLogits(problem, problem.classifier(inputs))));
}

/** The logits at a point, and inner values of the classifier. */
export function observedAt(problem: Problem, inputs: Modalities, names: readonly string[]): Observation {
  if (names.length === 0) return { logits: checkedLogits(problem, problem.classifier(inputs)), values: {} };
  if (!problem.classifier.observe) {
    throw new AttackInputError(
      `The loss needs ${names.map(shown).join(', ')} from inside the classifier, which has no function 'observe'. Make it with classifierOf, or give it one.`,
    );
  }
  const seen = problem.classifier.observe(inputs, names);
  const missing = names.filter((name) => !seen.values[name]);
  if (missing.length > 0) {
    throw new AttackInputError(
      `The loss needs ${missing.map(shown).join(', ')}; the classifier's 'observe' gave ${shown(Object.keys(seen.values))}.`,
    );
  }
  return { logits: checkedLogits(problem, seen.logits), values: seen.values };
}

/** Whether each row is fooled, `[batch]`, 0 or 1: another class than the label's, or the target's, has the largest logit. */
export function fooled({ labels, targets }: Problem, logits: tf.Tensor2D): tf.Tensor1D {
  const predicted = tf.argMax<tf.Tensor1D>(logits, 1);
  const wrong: tf.Tensor1D = targets ? tf.equal(predicted, targets) : tf.notEqual(predicted, labels);
  return tf.cast(wrong, 'float32');
}

/** What is raised at a point, and the logits there; the mean over the problem's draws. Call it inside `tf.tidy`. */
export function evaluateLoss(
  problem: Problem,
  inputs: Modalities,
): { logits: tf.Tensor2D; objective: tf.Tensor1D } {
  const draws = repeat(problem.eotSamples, () => lossAt(problem, inputs, problem.objective));
  return {
    logits: mean(draws.map(({ logits }) => logits)),
    objective: mean(draws.map(({ objective }) => objective)),
  };
}

function lossAt(problem: Problem, inputs: Modalities, objective: MaximisedLoss) {
  const { labels, targets, inputs: clean, observedClean } = problem;
  const { logits, values: observed } = observedAt(problem, inputs, objective.observed);
  return {
    logits,
    objective: objective.compute({ logits, labels, targets, inputs, clean, observed, observedClean }),
  };
}

/**
 * The objective and its gradient with respect to the attacked modalities only, the mean over the problem's draws.
 * Call it inside `tf.tidy`.
 * @param only modalities whose gradient is computed, fewer than all; that of the others is 0
 */
export function evaluateGradient(
  problem: Problem,
  deltas: readonly tf.Tensor2D[],
  objective: MaximisedLoss = problem.objective,
  only?: readonly string[],
): GradientEvaluation {
  const inputs = perturbedInputs(problem, deltas);
  const attacked = problem.balls.flatMap(({ parts }) => parts.map(({ modality }) => modality));
  const names = only ? attacked.filter((name) => only.includes(name)) : attacked;
  const points = names.map((name) => inputs[name]!);
  const draws = repeat(problem.eotSamples, () => {
    let logits: tf.Tensor2D | undefined;
    const value = (...varied: tf.Tensor[]): tf.Tensor => {
      const moved = Object.fromEntries(names.map((name, i) => [name, varied[i]!]));
      const seen = lossAt(problem, { ...inputs, ...moved }, objective);
      // The tape's own scope ends before the logits can be had.
      logits = tf.keep(tf.clone(seen.logits));
      return seen.objective;
    };
    try {
      return { ...gradientsOf(value, points), logits: tf.clone(logits!) };
    } finally {
      logits?.dispose();
    }
  });
  const missing = names.filter((_, i) => draws.some(({ grads }) => !grads[i]));
  if (missing.length > 0) {
    throw new AttackInputError(
      `The loss doesn't depend on ${missing.map(shown).join(', ')} by differentiable operations, so there is no gradient to follow; take it out of the threat model or use the modality in the classifier.`,
    );
  }
  const byModality = Object.fromEntries(
    attacked.map((name) => {
      const i = names.indexOf(name);
      return [name, i < 0 ? tf.zerosLike(inputs[name]!) : mean(draws.map(({ grads }) => grads[i]!))];
    }),
  );
  const gradients = problem.balls.map((ball) => gradientOfPerturbation(ball, byModality));
  return {
    objective: mean(draws.map(({ value }) => value as tf.Tensor1D)),
    logits: mean(draws.map(({ logits }) => logits)),
    gradients,
    finite: problem.balls.flatMap((ball, i) =>
      ball.parts.map((part) => {
        const columns = columnsOf(ball, part, gradients[i]!);
        // g - g is 0 for every number and NaN for NaN and infinities: no other question costs as little.
        return tf.sum<tf.Scalar>(tf.sub(columns, columns));
      }),
    ),
  };
}

/**
 * The logits, if they are some for these labels.
 * @throws {AttackInputError} when they are of another shape, or for fewer classes
 */
export function checkedLogits(
  { labels, largestLabel }: Pick<Problem, 'labels' | 'largestLabel'>,
  logits: tf.Tensor2D,
): tf.Tensor2D {
  const rows = labels.shape[0];
  if (
    !(logits instanceof tf.Tensor) ||
    logits.rank !== 2 ||
    logits.shape[0] !== rows ||
    logits.shape[1] < 2
  ) {
    throw new AttackInputError(
      `The classifier gave ${shown(logits)}; expected logits of shape [${rows}, classes] with two classes or more.`,
    );
  }
  const { name, value } = largestLabel;
  if (value >= logits.shape[1]) {
    throw new AttackInputError(
      `The largest ${name} is ${value}, but the classifier gives ${logits.shape[1]} logits; expected class indices from 0 to ${logits.shape[1] - 1}.`,
    );
  }
  return logits;
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

function mean<T extends tf.Tensor>(draws: T[]): T {
  return draws.length === 1 ? draws[0]! : tf.div(tf.addN(draws), draws.length);
}

function repeat<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}
