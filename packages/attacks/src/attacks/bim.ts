import type { AttackLoss } from '../losses/attackLoss.js';
import { optionKeys, rejectUnknownOptions } from '../options.js';
import type { Attack } from '../search/attack.js';
import type { ThreatModel } from '../threatModel/threatModel.js';
import { projectedGradientDescent } from './pgd.js';

/** Options of {@link bim}. */
export interface BimOptions {
  /** Number of steps. Default 10. */
  steps?: number;
  /** The loss that is maximised. Default 'cross-entropy'. */
  loss?: AttackLoss;
}

const OPTIONS = /* @__PURE__ */ optionKeys<BimOptions>({ steps: true, loss: true });

/**
 * The basic iterative method, or iterative FGSM (Kurakin et al. 2017, "Adversarial examples in the physical world",
 * section 2.2): {@link fgsm}'s step, repeated with a smaller length and clipped each time. It is `pgd` from the
 * clean input, with 10 steps, under the name that tables of results use.
 *
 * Step size: the budget's, by default 2.5 * epsilon / steps. Costs one forward and one backward pass a step.
 *
 * Differs in defaults from the paper (a step of 1/255, and as many steps as min(255 epsilon + 4, 1.25 * 255 epsilon)),
 * from torchattacks' BIM (the same with epsilon 4/255: 5 steps of epsilon / 4) and from Foolbox's
 * LinfBasicIterativeAttack and L2BasicIterativeAttack (10 steps of epsilon / 5), and in that a saturated softmax doesn't
 * stop it.
 * @param threatModel what the adversary may change and by how much
 * @throws {ThreatModelError} when the threat model is not valid
 * @throws {AttackOptionsError} when an option is unknown or outside its values
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { bim, type Classifier } from '@amr/attacks';
 * const classifier: Classifier = ({ x }) => tf.matMul(x!, tf.eye(2)) as tf.Tensor2D;
 * // As in the paper: steps of 1/255, five for an epsilon of 4/255.
 * const attack = bim({ x: { norm: 'linf', epsilon: 4 / 255, stepSize: 1 / 255, range: [0, 1] } }, { steps: 5 });
 * const { x } = await attack.perturb(classifier, { x: tf.tensor2d([[0.6, 0.5]]) }, tf.tensor1d([0], 'int32'));
 * console.log(await x.data()); // 0.584, 0.516
 * ```
 */
export function bim(threatModel: ThreatModel, options: BimOptions = {}): Attack {
  rejectUnknownOptions('bim', options, OPTIONS);
  const { steps = 10, loss = 'cross-entropy' } = options;
  return projectedGradientDescent('bim', threatModel, { steps, loss });
}
