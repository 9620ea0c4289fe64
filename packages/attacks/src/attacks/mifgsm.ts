import type { AttackLoss } from '../losses/attackLoss.js';
import { checkNotNegative, optionKeys, rejectUnknownOptions } from '../options.js';
import type { Attack } from '../search/attack.js';
import type { ThreatModel } from '../threatModel/threatModel.js';
import { projectedGradientDescent } from './pgd.js';

/** Options of {@link mifgsm}. */
export interface MifgsmOptions {
  /** Number of steps. Default 10. */
  steps?: number;
  /** How much of the past gradients' sum a step keeps, 0 or more. Default 1. */
  decay?: number;
  /** The loss that is maximised. Default 'cross-entropy'. */
  loss?: AttackLoss;
  /** Whether to begin at a uniformly drawn point of the ball rather than at the clean input. Default false. */
  randomStart?: boolean;
}

const OPTIONS = /* @__PURE__ */ optionKeys<MifgsmOptions>({
  steps: true,
  decay: true,
  loss: true,
  randomStart: true,
});

/**
 * The momentum iterative fast gradient sign method (Dong et al. 2018, "Boosting adversarial attacks with momentum",
 * algorithm 1): g <- decay * g + gradient / |gradient|_1 (eq. 6), then a step along sign(g) (eq. 7), or along g / |g| in
 * l2. The momentum carries the search over small maxima, and makes the examples fool other networks more often. In several balls each
 * gradient has its own sum.
 *
 * Step size: the budget's, by default 2.5 * epsilon / steps. Costs one forward and one backward pass a step.
 *
 * Differs in defaults from the paper (steps of epsilon / steps: for that give the budget a `stepSize`), from
 * torchattacks' MIFGSM (5 steps of 2/255 for epsilon 8/255; it divides by the mean of the sizes, which makes the same
 * steps) and from Foolbox's momentum iterative attacks (10 steps of epsilon / 5; they sum the gradients undivided), and
 * in that a saturated softmax doesn't stop it.
 * @param threatModel what the adversary may change and by how much
 * @throws {ThreatModelError} when the threat model is not valid
 * @throws {AttackOptionsError} when an option is unknown or outside its values
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { type Classifier, mifgsm } from '@amr/attacks';
 * const weights = tf.randomNormal([12, 3], 0, 1, 'float32', 1);
 * const classifier: Classifier = ({ x }) => tf.matMul(tf.sin(tf.reshape(x!, [-1, 12])), weights) as tf.Tensor2D;
 * const [epsilon, steps] = [0.1, 10];
 * const attack = mifgsm({ x: { norm: 'linf', epsilon, stepSize: epsilon / steps } }, { steps }); // as in the paper
 * const { x } = await attack.perturb(classifier, { x: tf.zeros([1, 2, 2, 3]) }, tf.tensor1d([0], 'int32'));
 * console.log(await x.data());
 * ```
 */
export function mifgsm(threatModel: ThreatModel, options: MifgsmOptions = {}): Attack {
  rejectUnknownOptions('mifgsm', options, OPTIONS);
  const { steps = 10, decay = 1, loss = 'cross-entropy', randomStart = false } = options;
  checkNotNegative('mifgsm.decay', decay);
  return projectedGradientDescent('mifgsm', threatModel, { steps, loss, randomStart, momentum: decay });
}
