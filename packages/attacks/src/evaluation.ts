import * as tf from '@tensorflow/tfjs-core';
import { type Ball, columnsOf, gradientIn, perturbed } from './ball.js';
import type { Classifier, Modalities } from './classifier.js';
import { AttackInputError, shown } from './errors.js';
import type { Objective } from './losses/attackLoss.js';
import type { Checked } from './validation.js';

/** One call of `perturb`, prepared: what stays the same over its steps. */
export interface Problem {
  /** What is attacked, frozen where possible. */
  readonly classifier: Classifier;
  /** The clean inputs. */
  readonly inputs: Modalities;
  /** The adversary's balls. */
  readonly balls: readonly Ball[];
  /** What is raised. */
  readonly objective: Objective;
  /** True classes, int32. */
  readonly labels: tf.Tensor1D;
  /** Classes to be predicted instead, int32. */
  readonly targets?: tf.Tensor1D;
  /** What the classes are compared with. */
  readonly largestLabel: Checked['largestLabel'];
}

/** The objective at a point, and its gradient. */
export interface Evaluation {
  /** `[batch]` */
  objective: tf.Tensor1D;
  /** With respect to the perturbation in each ball. */
  gradients: tf.Tensor2D[];
  /** 1 for each attacked modality, in the order of the balls, whose gradient has NaN or infinite entries where the attack may write, else 0. */
  broken: tf.Scalar[];
}

/** The inputs with the perturbations of all balls. Modalities outside them are the clean tensors themselves. */
export function perturbedInputs({ inputs, balls }: Problem, deltas: readonly tf.Tensor2D[]): Modalities {
  return Object.assign({ ...inputs }, ...balls.map((ball, i) => perturbed(ball, deltas[i]!)));
}

/** The logits at a point, checked. */
export function logitsAt(problem: Problem, inputs: Modalities): tf.Tensor2D {
  const logits = problem.classifier(inputs);
  const rows = problem.labels.shape[0];
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
  const { name, value } = problem.largestLabel;
  if (value >= logits.shape[1]) {
    throw new AttackInputError(
      `The largest ${name} is ${value}, but the classifier gives ${logits.shape[1]} logits; expected class indices from 0 to ${logits.shape[1] - 1}.`,
    );
  }
  return logits;
}

/** The objective and its gradient with respect to the attacked modalities only. Call it inside `tf.tidy`. */
export function evaluate(problem: Problem, deltas: readonly tf.Tensor2D[]): Evaluation {
  const inputs = perturbedInputs(problem, deltas);
  const names = problem.balls.flatMap(({ parts }) => parts.map(({ modality }) => modality));
  const points = names.map((name) => inputs[name]!);
  const objectiveAt = (...varied: tf.Tensor[]): tf.Tensor => {
    const moved = Object.fromEntries(names.map((name, i) => [name, varied[i]!]));
    const logits = logitsAt(problem, { ...inputs, ...moved });
    return problem.objective.raise(logits, problem.labels, problem.targets);
  };
  const { value, grads } = gradientsOf(objectiveAt, points);
  const missing = names.filter((_, i) => !grads[i]);
  if (missing.length > 0) {
    throw new AttackInputError(
      `The loss doesn't depend on ${missing.map(shown).join(', ')} by differentiable operations, so there is no gradient to follow; take it out of the threat model or use the modality in the classifier.`,
    );
  }
  const byModality = Object.fromEntries(names.map((name, i) => [name, grads[i]!]));
  const gradients = problem.balls.map((ball) => gradientIn(ball, byModality));
  return {
    objective: value as tf.Tensor1D,
    gradients,
    broken: problem.balls.flatMap((ball, i) =>
      ball.parts.map((part) => tf.sub(1, tf.all(tf.isFinite(columnsOf(ball, part, gradients[i]!))))),
    ),
  };
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
