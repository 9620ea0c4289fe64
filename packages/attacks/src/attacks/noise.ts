import * as tf from '@tensorflow/tfjs-core';
import type { AttackLoss } from '../losses/attackLoss.js';
import { checkCount, checkOneOf, optionKeys, rejectUnknownOptions } from '../options.js';
import type { Attack } from '../search/attack.js';
import { type Best, evaluatePoint, updateBest } from '../search/best.js';
import { attackFromSearch } from '../search/search.js';
import type { SearchState } from '../search/searchState.js';
import type { Random } from '../tensors/random.js';
import type { Ball } from '../threatModel/ball.js';
import { applyMask } from '../threatModel/norms/applyMask.js';
import { MIN_LENGTH } from '../threatModel/norms/norm.js';
import { project } from '../threatModel/perturbation.js';
import type { ThreatModel } from '../threatModel/threatModel.js';

/** Options of {@link noise}. */
export interface NoiseOptions {
  /** 'uniform' in the ball, or 'gaussian': a normal draw brought to length epsilon. Default 'uniform'. */
  distribution?: 'uniform' | 'gaussian';
  /** Number of draws; each sample keeps its first success, or else its largest loss. Default 1. */
  repeats?: number;
  /** The loss by which several draws are compared. Default 'cross-entropy'. */
  loss?: AttackLoss;
}

const OPTIONS = /* @__PURE__ */ optionKeys<NoiseOptions>({ distribution: true, repeats: true, loss: true });

/**
 * Noise of the size that an attack may have: the control that separates the effect of the adversary from that of any
 * disturbance. If noise fools a network, the network is fragile without any attack, and an attack that does no better
 * than noise has failed.
 *
 * 'uniform' draws from the ball, every point equally likely; 'gaussian' draws each entry from a normal distribution and
 * scales the sample so that its length in the ball's norm is epsilon. Only free entries count for either. Constraints,
 * ball, range and mask are applied afterwards; nothing makes up for what the range cuts off. Several balls are drawn
 * independently.
 *
 * Costs nothing for one draw and one forward pass a draw for several. With `onStep` each of several draws is a step.
 *
 * Equals Foolbox's LinfAdditiveUniformNoiseAttack ('uniform', linf), L2AdditiveGaussianNoiseAttack ('gaussian', l2) and
 * with `repeats` their repeated forms (100 draws there, which return the first success or else the clean input). Its
 * L2AdditiveUniformNoiseAttack scales a draw from a cube to length epsilon; here l2 is uniform in the ball, in which in
 * many dimensions most points are near the boundary. torchattacks' GN adds unbounded noise of a given deviation.
 * @param threatModel what may change and by how much
 * @throws {ThreatModelError} when the threat model is not valid
 * @throws {AttackOptionsError} when an option is unknown or outside its values
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { type Classifier, noise } from '@amr/attacks';
 * const classifier: Classifier = ({ x }) => tf.matMul(x!, tf.eye(3)) as tf.Tensor2D;
 * const control = noise({ x: { norm: 'l2', epsilon: 0.5 } }, { distribution: 'gaussian', repeats: 10 });
 * const { x } = await control.perturb(classifier, { x: tf.zeros([1, 3]) }, tf.tensor1d([0], 'int32'), { seed: 1 });
 * console.log(await tf.norm(x).data()); // 0.5
 * ```
 */
export function noise(threatModel: ThreatModel, options: NoiseOptions = {}): Attack {
  rejectUnknownOptions('noise', options, OPTIONS);
  const { distribution = 'uniform', repeats = 1, loss = 'cross-entropy' } = options;
  checkCount('noise.repeats', repeats);
  checkOneOf('noise.distribution', distribution, Object.keys(distributions));
  return attackFromSearch({ name: 'noise', threatModel, loss }, async (problem, context) => {
    const draw = () =>
      problem.balls.map((ball) => project(ball, distributions[distribution](context.random, ball)));
    if (repeats === 1) return context.scratch.state(draw).value;
    let best: SearchState<Best> | undefined;
    for (let step = 1; step <= repeats; step++) {
      await context.monitor.yieldToEventLoop();
      best = updateBest(context.scratch, best, () => evaluatePoint(problem, draw()));
      const { deltas, loss, success } = best.value;
      await context.monitor.report({ step, steps: repeats, restart: 1, restarts: 1 }, deltas, loss);
      const fooled = [...(await context.monitor.checkFinite(success))].map((flag) => flag === 1);
      if (fooled.every((row) => row)) break;
      context.rows.remove(fooled, () => ({ deltas, loss }));
    }
    return best!.value.deltas;
  });
}

const distributions: Record<
  NonNullable<NoiseOptions['distribution']>,
  (random: Random, ball: Ball) => tf.Tensor2D
> = {
  uniform: (random, ball) => ball.norm.start(random, ball),
  gaussian(random, ball) {
    const drawn = applyMask(random.normal(ball.rows, ball.size), ball);
    return tf.mul(drawn, tf.div(ball.epsilon, tf.maximum(ball.norm.length(drawn), MIN_LENGTH)));
  },
};
