import * as tf from '@tensorflow/tfjs-core';
import { checkOption, rejectUnknownOptions } from '../options.js';
import { type AttackLoss, maximisedLossOf, type ObservedLoss } from './attackLoss.js';

/** A loss and its weight, for {@link sumOfLosses}. */
export interface WeightedLoss {
  /** The loss. */
  readonly loss: AttackLoss;
  /** Its weight; with a negative weight the attack minimises this loss. Default 1. */
  readonly weight?: number;
}

/**
 * The weighted sum of losses, as one loss that every attack takes. Each term is what attacks maximise: for
 * `'cross-entropy'` the log-odds of a wrong answer, whose gradient doesn't vanish where the softmax is saturated, and with
 * targets each loss in its targeted form. Sums are losses themselves, so they nest.
 * @param terms one or more
 * @param name the name of the sum in messages. Default 'sum of losses'
 * @throws {AttackOptionsError} when there are no terms, a weight isn't a finite number, or a loss is not valid
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
  checkOption('sumOfLosses.terms', terms, Array.isArray(terms) && terms.length > 0, 'one loss or more');
  const parts = terms.map((term, i) => {
    const path = `sumOfLosses.terms[${i}]`;
    rejectUnknownOptions(path, term, ['loss', 'weight'] satisfies (keyof WeightedLoss)[]);
    const { loss, weight = 1 } = term;
    checkOption(`${path}.weight`, weight, Number.isFinite(weight), 'a finite number');
    return { ...maximisedLossOf(loss, `${path}.loss`), weight };
  });
  return {
    name,
    observed: [...new Set(parts.flatMap(({ observed }) => observed))],
    heads: [...new Set(parts.flatMap(({ heads = [] }) => heads))],
    compute: (given) =>
      tf.addN(parts.map(({ compute, weight }) => tf.mul<tf.Tensor1D>(compute(given), weight))),
  };
}
