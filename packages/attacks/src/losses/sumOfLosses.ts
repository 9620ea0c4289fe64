import * as tf from '@tensorflow/tfjs-core';
import { AttackOptionsError, shown } from '../errors.js';
import { type AttackLoss, maximisedLossOf, type ObservedLoss } from './attackLoss.js';

/** A loss and how much it counts, for {@link sumOfLosses}. */
export interface WeightedLoss {
  /** What is raised. */
  readonly loss: AttackLoss;
  /** How much it counts; below 0 it is lowered. Default 1. */
  readonly weight?: number;
}

/**
 * The weighted sum of losses, as one loss that every attack takes. Each is taken as attacks raise it: `'cross-entropy'`
 * as the log-odds of a wrong answer, which don't level off where the softmax is saturated, and with targets each in its
 * targeted form. Sums are losses themselves, so they nest.
 * @param terms one or more
 * @param name what it is called in messages. Default 'sum of losses'
 * @throws {AttackOptionsError} when there are no terms, a weight isn't a finite number, or a loss is none
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { type Classifier, pgd, sumOfLosses } from '@amr/attacks';
 * const classifier: Classifier = ({ x }) => tf.matMul(x!, tf.eye(3)) as tf.Tensor2D;
 * const loss = sumOfLosses([{ loss: 'cw' }, { loss: 'cross-entropy', weight: 0.5 }]);
 * const attack = pgd({ x: { norm: 'linf', epsilon: 0.3 } }, { loss });
 * const clean = { x: tf.tensor2d([[1, 0.5, 0]]) };
 * const { x } = await attack.perturb(classifier, clean, tf.tensor1d([0], 'int32'));
 * console.log(await x.data()); // 0.7, 0.8, 0.3
 * ```
 */
export function sumOfLosses(terms: readonly WeightedLoss[], name = 'sum of losses'): ObservedLoss {
  if (terms.length === 0) throw new AttackOptionsError(`'${name}' has no terms; expected one loss or more.`);
  const parts = terms.map(({ loss, weight = 1 }) => {
    if (!Number.isFinite(weight)) {
      throw new AttackOptionsError(`A weight of '${name}' is ${shown(weight)}; expected a finite number.`);
    }
    return { ...maximisedLossOf(loss), weight };
  });
  return {
    name,
    observed: [...new Set(parts.flatMap(({ observed }) => observed))],
    compute: (seen) =>
      tf.addN(parts.map(({ compute, weight }) => tf.mul<tf.Tensor1D>(compute(seen), weight))),
  };
}
