import * as tf from '@tensorflow/tfjs-core';
import { selectRows } from '../tensors/selectRows.js';
import { evaluateLoss, fooled, perturbedInputs } from './evaluate.js';
import type { Problem } from './problem.js';
import type { Scratch } from './scratch.js';
import type { SearchState } from './searchState.js';

/** A point of all balls and how good it is for the attack, or for each sample the best point so far. */
export interface Best {
  /** One matrix per ball. */
  deltas: tf.Tensor2D[];
  /** The loss that is maximised, `[batch]`. */
  loss: tf.Tensor1D;
  /** 1 where the classifier is fooled, `[batch]`. */
  success: tf.Tensor1D;
}

/** Evaluates a point: one forward pass. Call it inside a tidy. */
export function evaluatePoint(problem: Problem, deltas: readonly tf.Tensor2D[]): Best {
  const { logits, loss } = evaluateLoss(problem, perturbedInputs(problem, deltas));
  return { deltas: deltas.map((delta) => tf.clone(delta)), loss, success: fooled(problem, logits) };
}

/** For each sample the better of two points: the first success, or else the larger loss. Call it inside a tidy. */
export function betterOf(best: Best, next: Best): Best {
  const improves: tf.Tensor1D = tf.logicalAnd(
    tf.equal(best.success, 0),
    tf.logicalOr(tf.greater(next.success, 0), tf.greater(next.loss, best.loss)),
  );
  return {
    deltas: next.deltas.map((delta, i) => selectRows(improves, delta, best.deltas[i]!)),
    loss: tf.where(improves, next.loss, best.loss),
    success: tf.maximum(best.success, next.success),
  };
}

/** Updates the best points with the next ones. Without best points yet, the next ones become a state of the scratch. */
export function updateBest(
  scratch: Scratch,
  best: SearchState<Best> | undefined,
  next: () => Best,
): SearchState<Best> {
  if (!best) return scratch.state(next);
  best.advance((previous) => betterOf(previous, next()));
  return best;
}
