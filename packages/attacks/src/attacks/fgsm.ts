import type { AttackLoss } from '../losses/attackLoss.js';
import { optionKeys, rejectUnknownOptions } from '../options.js';
import type { Attack } from '../search/attack.js';
import { gradientAttack } from '../search/gradientAttack.js';
import { steepestAscent } from '../search/steepestAscent.js';
import type { ThreatModel } from '../threatModel/threatModel.js';

/** Options of {@link fgsm}. */
export interface FgsmOptions {
  /** The loss that is maximised. Default 'cross-entropy'. */
  loss?: AttackLoss;
  /** Number of classifier calls that the gradient averages over, for classifiers that are random. Default 1. */
  eotSamples?: number;
}

const OPTIONS = /* @__PURE__ */ optionKeys<FgsmOptions>({ loss: true, eotSamples: true });

/**
 * The fast gradient sign method (Goodfellow et al. 2015, eq. 1 of section 4): one step of length epsilon along the
 * steepest direction of each ball, x + epsilon * sign(g) for linf, then clipped to the range. For l2 the step is
 * epsilon * g / |g|; for l1 it is spread over the largest 1 % of the gradient's entries, at least one. `stepSize` is
 * ignored, so that a threat model can serve other attacks too.
 *
 * Costs one forward and one backward pass for each EOT sample. Equals torchattacks' FGSM and Foolbox's LinfFastGradientAttack and
 * L2FastGradientAttack without random start, except that a saturated softmax doesn't stop it (see {@link pgd}).
 * @param threatModel what the adversary may change and by how much
 * @throws {ThreatModelError} when the threat model is not valid
 * @throws {AttackOptionsError} when an option is unknown or outside its values
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { type Classifier, fgsm } from '@amr/attacks';
 * const classifier: Classifier = ({ x }) => tf.matMul(x!, tf.eye(2)) as tf.Tensor2D;
 * const attack = fgsm({ x: { norm: 'linf', epsilon: 0.1, range: [0, 1] } });
 * const { x } = await attack.perturb(classifier, { x: tf.tensor2d([[0.6, 0.5]]) }, tf.tensor1d([0], 'int32'));
 * console.log(await x.data()); // 0.5, 0.6
 * ```
 */
export function fgsm(threatModel: ThreatModel, options: FgsmOptions = {}): Attack {
  rejectUnknownOptions('fgsm', options, OPTIONS);
  const { loss = 'cross-entropy', eotSamples = 1 } = options;
  return gradientAttack({
    name: 'fgsm',
    threatModel,
    loss,
    steps: 1,
    stepLength: 1,
    useBudgetStepSize: false,
    randomStart: false,
    restarts: 1,
    eotSamples,
    rule: steepestAscent(),
  });
}
