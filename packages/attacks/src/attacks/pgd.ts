import type { AttackLoss } from '../losses/attackLoss.js';
import { checkBoolean, checkNotNegative, optionKeys, rejectUnknownOptions } from '../options.js';
import type { Attack } from '../search/attack.js';
import { gradientAttack } from '../search/gradientAttack.js';
import { steepestAscent } from '../search/steepestAscent.js';
import type { ThreatModel } from '../threatModel/threatModel.js';

/** Options of {@link pgd}. */
export interface PgdOptions {
  /** Steps in a restart. Default 20. */
  steps?: number;
  /** Whether to begin at a uniformly drawn point of the ball. Default: only if there are restarts. */
  randomStart?: boolean;
  /** Number of random restarts; each sample keeps its first success, or else its largest loss. Default 1. */
  restarts?: number;
  /** The loss that is maximised. Default 'cross-entropy'. */
  loss?: AttackLoss;
  /** Decay of the accumulated gradient (Dong et al. 2018, eq. 6), 0 or more. Default 0: none. */
  momentum?: number;
  /** Number of classifier calls that each gradient averages over, for classifiers that are random. Default 1. */
  eotSamples?: number;
}

const OPTIONS = /* @__PURE__ */ optionKeys<PgdOptions>({
  steps: true,
  randomStart: true,
  restarts: true,
  loss: true,
  momentum: true,
  eotSamples: true,
});

/**
 * Projected gradient descent (Madry et al. 2018, eq. 3 of section 2.1): steps along the steepest direction of each
 * ball, each followed by constraints, projection onto the ball, range and mask. Every modality of the threat model
 * moves in every step, from one gradient. The result is the last point, not the best one on the way.
 *
 * With several `eotSamples` the gradient is that of the mean loss over as many calls of the classifier. The attack is then
 * on the expectation over the classifier's randomness (EOT: Athalye, Engstrom, Ilyas and Kwok 2018, section 2.1): random
 * input transformations, dropout left on, noise layers. AutoAttack's variant for such classifiers takes 20.
 *
 * Directions: linf sign(g); l2 g / |g|; l1 the largest 1 % of the gradient's entries that can still move, at least
 * one (Tramer and Boneh 2019). Step size: the budget's, by default 2.5 * epsilon / steps. Costs one forward and one
 * backward pass a step and EOT sample, and one more forward pass per restart and EOT sample if there are several restarts.
 *
 * Differs from torchattacks' PGD (10 steps of 2/255 from a random start) and PGDL2 (40 steps of 0.2 for epsilon 1) and
 * from Foolbox's attacks (linf 40 steps of epsilon / 30, l2 and l1 50 of epsilon / 40, from a random start) in those
 * defaults, in random starts that are uniform in the ball, and in that a saturated softmax doesn't stop it: 'cross-entropy'
 * is followed as the log-odds of a wrong answer, {@link logOdds}, which rise in the same direction. In l1, Foolbox's
 * L1ProjectedGradientDescentAttack follows g / |g|_1, its SparseL1DescentAttack the direction used here; AutoAttack
 * varies the share of entries. The projection is onto ball and range at once, as AutoAttack's and unlike Foolbox's.
 * @param threatModel what the adversary may change and by how much
 * @throws {ThreatModelError} when the threat model is not valid
 * @throws {AttackOptionsError} when an option is unknown or outside its values
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { type Classifier, pgd } from '@amr/attacks';
 * const weights = { rgb: tf.randomNormal([12, 3]), skeleton: tf.randomNormal([6, 3]) };
 * const classifier: Classifier = ({ rgb, skeleton }) =>
 *   tf.add(tf.matMul(tf.reshape(rgb!, [-1, 12]), weights.rgb), tf.matMul(skeleton!, weights.skeleton)) as tf.Tensor2D;
 * const attack = pgd({
 *   rgb: { norm: 'linf', epsilon: 8 / 255, range: [0, 1] },
 *   skeleton: { norm: 'l2', epsilon: 0.05 },
 * });
 * const clean = { rgb: tf.randomUniform([4, 2, 2, 3]), skeleton: tf.randomNormal([4, 6]) };
 * const labels = tf.argMax(classifier(clean), 1) as tf.Tensor1D;
 * const adversarial = await attack.perturb(classifier, clean, labels, { seed: 1 });
 * console.log(await tf.argMax(classifier(adversarial), 1).data());
 * ```
 */
export function pgd(threatModel: ThreatModel, options: PgdOptions = {}): Attack {
  rejectUnknownOptions('pgd', options, OPTIONS);
  return projectedGradientDescent('pgd', threatModel, options);
}

/** {@link pgd} under the name of an attack that differs from it in its defaults only. */
export function projectedGradientDescent(
  name: string,
  threatModel: ThreatModel,
  options: PgdOptions,
): Attack {
  const {
    steps = 20,
    restarts = 1,
    randomStart = restarts > 1,
    loss = 'cross-entropy',
    momentum = 0,
    eotSamples = 1,
  } = options;
  checkNotNegative(`${name}.momentum`, momentum);
  checkBoolean(`${name}.randomStart`, randomStart);
  return gradientAttack({
    name,
    threatModel,
    loss,
    steps,
    stepLength: 2.5 / steps,
    useBudgetStepSize: true,
    randomStart,
    restarts,
    eotSamples,
    rule: steepestAscent(momentum),
  });
}
