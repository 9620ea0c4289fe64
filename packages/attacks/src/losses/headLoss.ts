import { formatValue, mismatch } from '@amr/internal';
import type * as tf from '@tensorflow/tfjs-core';
import { AttackInputError } from '../errors.js';
import { type AttackLoss, maximisedLossOf, type ObservedLoss } from './attackLoss.js';

/**
 * A loss of other logits than the classifier's: those of an auxiliary head, which {@link Classifier.observe} takes by
 * name. Everything else is as in the loss itself.
 * @param head name of an output or a layer that gives logits `[batch, classes]`; probabilities are refused
 * @param loss the loss of these logits. Default 'cross-entropy'
 * @throws {AttackOptionsError} when the loss is not valid; in an attack {@link AttackInputError} when the head doesn't have
 *   the shape of the classifier's logits
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
 * import { classifierOf, headLoss, pgd } from '@amr/attacks';
 * const x = input({ shape: [4], name: 'x' });
 * const features = layers.dense({ units: 5, activation: 'tanh' }).apply(x) as SymbolicTensor;
 * const head = (name: string) => layers.dense({ units: 3, name }).apply(features) as SymbolicTensor;
 * const classifier = classifierOf(model({ inputs: x, outputs: [head('logits'), head('auxiliary')] }));
 * const attack = pgd({ x: { norm: 'l2', epsilon: 0.5 } }, { loss: headLoss('auxiliary', 'cw') });
 * await attack.perturb(classifier, { x: tf.randomNormal([2, 4]) }, tf.tensor1d([0, 1], 'int32'));
 * ```
 */
export function headLoss(head: string, loss: AttackLoss = 'cross-entropy'): ObservedLoss {
  const { compute, observed, heads = [] } = maximisedLossOf(loss, 'headLoss.loss');
  return {
    name: `loss of '${head}'`,
    observed: [...new Set([head, ...observed])],
    heads: [...new Set([head, ...heads])],
    compute: (given) => {
      const logits = given.observed[head]! as tf.Tensor2D;
      if (logits.shape.join() !== given.logits.shape.join()) {
        const expected = `the shape of the classifier's logits, ${formatValue(given.logits.shape)}`;
        throw new AttackInputError(mismatch(`The logits of the head ${formatValue(head)}`, logits, expected));
      }
      return compute({ ...given, logits });
    },
  };
}
