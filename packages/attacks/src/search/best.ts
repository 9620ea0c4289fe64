import * as tf from '@tensorflow/tfjs-core';
import { selectRows } from '../tensors/selectRows.js';
import { evaluateLoss, fooled, type Problem, perturbedInputs } from './evaluate.js';
import type { SearchContext } from './search.js';
import type { SearchState } from './searchState.js';

/** A point of all balls, and how good it is for the attack; per sample the best so far. */
export interface Best {
  /** One matrix per ball. */
  deltas: tf.Tensor2D[];
  /** What is raised, `[batch]`. */
  objective: tf.Tensor1D;
  /** 1 where the classifier is fooled, `[batch]`. */
  success: tf.Tensor1D;
}

/** How good a point is: one forward pass. Call it inside a tidy. */
export function evaluatePoint(problem: Problem, deltas: readonly tf.Tensor2D[]): Best {
  const { logits, objective } = evaluateLoss(problem, perturbedInputs(problem, deltas));
  return { deltas: deltas.map((delta) => tf.clone(delta)), objective, success: fooled(problem, logits) };
}

/** For each sample the better of two points: the earlier success, or else the larger objective. Call it inside a tidy. */
export function betterOf(best: Best, next: Best): Best {
  const improves: tf.Tensor1D = tf.logicalAnd(
    tf.equal(best.success, 0),
    tf.logicalOr(tf.greater(next.success, 0), tf.greater(next.objective, best.objective)),
  );
  return {
    deltas: next.deltas.map((delta, i) => selectRows(improves, delta, best.deltas[i]!)),
    objective: tf.where(improves, next.objective, best.objective),
    success: tf.maximum(best.success, next.success),
  };
}

/** The better of what is held, if anything is, and of the next, held by the context. */
export function updateBest(
  context: SearchContext,
  best: SearchState<Best> | undefined,
  next: () => Best,
): SearchState<Best> {
  if (!best) return context.state(next);
  best.advance((previous) => betterOf(previous, next()));
  return best;
}
