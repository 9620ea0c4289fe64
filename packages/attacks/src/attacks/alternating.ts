import { formatValue } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import type { AttackLoss } from '../losses/attackLoss.js';
import { checkBoolean, checkOption, optionKeys, rejectUnknownOptions } from '../options.js';
import type { Attack } from '../search/attack.js';
import { gradientAttack, type UpdateRule } from '../search/gradientAttack.js';
import { steepestAscent } from '../search/steepestAscent.js';
import type { Ball } from '../threatModel/ball.js';
import { checkThreatModel } from '../threatModel/checkThreatModel.js';
import { attackedModalities, type ThreatModel } from '../threatModel/threatModel.js';

/** Options of {@link alternating}. */
export interface AlternatingOptions {
  /** Steps in a restart, over all modalities together; at least one for each. Default 20. */
  steps?: number;
  /** Whether to begin at a uniformly drawn point of the balls. Default: only if there are restarts. */
  randomStart?: boolean;
  /** Number of random restarts; each sample keeps its first success, or else its largest loss. Default 1. */
  restarts?: number;
  /** The loss that is maximised. Default 'cross-entropy'. */
  loss?: AttackLoss;
  /** All attacked modalities, in the order in which they move. Default: the threat model's. */
  order?: readonly string[];
}

const OPTIONS = /* @__PURE__ */ optionKeys<AlternatingOptions>({
  steps: true,
  randomStart: true,
  restarts: true,
  loss: true,
  order: true,
});

/**
 * Projected gradient descent that moves one modality a step, in turn: block coordinate ascent (Bertsekas 1999,
 * Nonlinear Programming, section 2.7) with the steps of {@link pgd}. Each gradient is taken after the step of the other
 * modality, where pgd moves all modalities from one gradient. In a joint ball, too, a step follows one modality's
 * gradient, by as much as the steepest direction of all gradients, each as last computed, would move it. The projection
 * then shrinks the perturbations of the others.
 *
 * Step size: the budget's, by default 2.5 * epsilon / (steps / modalities), since each modality has that share of the
 * steps. With one modality it is pgd. The result is the last point.
 *
 * Costs a forward and a backward pass a step, and one more forward pass per restart if there are several. The backward
 * pass runs through the moving modality's branch only, so a step costs less than one of pgd; with the same number of
 * steps each modality moves less often. torchattacks and Foolbox, whose attacks have one input, have no such attack.
 * @param threatModel what the adversary may change and by how much
 * @throws {ThreatModelError} when the threat model is not valid
 * @throws {AttackOptionsError} when an option is unknown or outside its values, there are fewer steps than modalities, or `order`
 *   does not name each of them once
 * @example
 * ```ts
import * as tf from '@tensorflow/tfjs-core';
 * import { alternating, type Classifier } from '@amr/attacks';
 * const classifier: Classifier = ({ rgb, skeleton }) =>
 *   tf.tidy(() => tf.stack([tf.mul(rgb!, skeleton!), tf.onesLike(rgb!)], 1)) as tf.Tensor2D;
 * const attack = alternating(
 *   { rgb: { norm: 'linf', epsilon: 0.3, range: [0, 1] }, skeleton: { norm: 'linf', epsilon: 0.3 } },
 *   { steps: 10, order: ['skeleton', 'rgb'] },
 * );
 * const inputs = { rgb: tf.tensor1d([0.9]), skeleton: tf.tensor1d([1.5]) };
 * const { rgb, skeleton } = await attack.perturb(classifier, inputs, tf.tensor1d([0], 'int32'));
 * console.log(await rgb!.data(), await skeleton!.data()); // 0.6 and 1.2: the product is below 1
 * ```
 */
export function alternating(threatModel: ThreatModel, options: AlternatingOptions = {}): Attack {
  rejectUnknownOptions('alternating', options, OPTIONS);
  const { steps = 20, restarts = 1, randomStart = restarts > 1, loss = 'cross-entropy' } = options;
  checkBoolean('alternating.randomStart', randomStart);
  checkThreatModel(threatModel);
  const modalities = attackedModalities(threatModel);
  const order = [...(options.order ?? modalities)];
  const complete = order.length === modalities.length && modalities.every((name) => order.includes(name));
  checkOption(
    'alternating.order',
    order,
    complete,
    `each attacked modality once, ${modalities.map(formatValue).join(', ')}`,
  );
  checkOption(
    'alternating.steps',
    steps,
    !(steps < order.length),
    `at least one step for each of ${order.length} modalities`,
  );
  const turn = (step: number) => order[(step - 1) % order.length]!;
  return gradientAttack({
    name: 'alternating',
    threatModel,
    loss,
    steps,
    stepLength: (2.5 * order.length) / steps,
    useBudgetStepSize: true,
    randomStart,
    restarts,
    rule: alternatingAscent(turn),
    moving: (step) => [turn(step)],
  });
}

/**
 * The step of {@link steepestAscent} in one modality's columns. In a joint ball its direction is that of all modalities'
 * gradients, each as last computed. If all steps were equally long whatever their gradients, the attack would split an l2
 * ball evenly rather than by how much each modality raises the loss.
 */
function alternatingAscent(turn: (step: number) => string): UpdateRule {
  const ascent = steepestAscent();
  return (view) => {
    const moving = view.balls.map((ball) => columnsOfTurn(ball, turn(view.step)));
    const seen = view.gradients.map((gradient, i) =>
      view.memory[i] ? tf.where(moving[i]!, gradient, view.memory[i] as tf.Tensor2D) : gradient,
    );
    const { deltas } = ascent({ ...view, gradients: seen, memory: [] });
    return { deltas: deltas.map((delta, i) => tf.where(moving[i]!, delta, view.deltas[i]!)), memory: seen };
  };
}

/** True in the columns of the modality whose turn it is, `[1, size]`. */
function columnsOfTurn({ parts }: Ball, modality: string): tf.Tensor2D {
  const columns = parts.map((part) =>
    tf.fill<tf.Rank.R2>([1, part.size], Number(part.modality === modality)),
  );
  return tf.cast(tf.concat2d(columns, 1), 'bool');
}
