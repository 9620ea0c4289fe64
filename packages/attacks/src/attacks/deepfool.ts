import * as tf from '@tensorflow/tfjs-core';
import type { LossFunction } from '../losses/attackLoss.js';
import { checkCount, checkNotNegative, optionKeys, rejectUnknownOptions } from '../options.js';
import type { Attack } from '../search/attack.js';
import { nearestBoundary, rivalsOf, stepTo } from '../search/boundary/boundary.js';
import {
  initialSmallest,
  type Smallest,
  smallerOf,
  smallestWithinBudget,
  withoutRadius,
} from '../search/boundary/smallest.js';
import { fooled, logitsAt } from '../search/evaluate.js';
import { attackFromSearch } from '../search/search.js';
import { feasibleGradient, project, zeroPerturbations } from '../threatModel/perturbation.js';
import type { ThreatModel } from '../threatModel/threatModel.js';

/** Options of {@link deepfool}. */
export interface DeepfoolOptions {
  /** Maximum number of steps. Default 50. */
  steps?: number;
  /** How far beyond the linearised boundary each step goes, as a share of its length, 0 or more. Default 0.02. */
  overshoot?: number;
  /** Number of candidate classes: the label and the most likely others of the clean input, 2 or more. Default 10. */
  candidates?: number;
  /**
   * The function whose zero is the boundary, above 0 where the criterion is met, for outputs that are not logits of classes.
   * Default: the margins between classes.
   */
  loss?: LossFunction;
}

/** Steps between two checks of whether all samples are fooled: most need three. */
const CHECK_INTERVAL = 5;

const OPTIONS = /* @__PURE__ */ optionKeys<DeepfoolOptions>({
  steps: true,
  overshoot: true,
  candidates: true,
  loss: true,
});

/**
 * DeepFool (Moosavi-Dezfooli et al. 2016, algorithm 2): looks for the smallest perturbation that fools the classifier by
 * steps to the nearest boundary of the linearised classifier, |f| / |w|_* away, in the steepest direction: w / |w| for
 * l2, sign(w) for linf, the largest entry for l1. A step goes (1 + overshoot) times as far. Rows stop where they are
 * first fooled. The candidate classes of each row are the most likely ones of its clean input.
 *
 * Several balls move together: the size of a perturbation is the largest share of its ball's epsilon that any of its parts
 * takes (an infinite epsilon counts as the width of the range or, without one, as the largest absolute value of the clean input),
 * and the smallest step is |f| / (sum of epsilon_b |w_b|_*) in every ball. With
 * targets, the boundary is that of the target against the best other class at the point. Entries at the end of their
 * range that the step would push further don't count. Range, mask and constraints are applied after the step. Returns the
 * perturbation where it is inside the threat model, else the clean input; rows that are wrong from the start come
 * back clean. Epsilon may be Infinity.
 *
 * Costs, with K = min(candidates, classes) - 1 rivals (1 with targets): at most steps * (K + 1) + 1 forward and
 * steps * K backward passes, and one transfer from the backend every 5 steps, after which it ends if every row is fooled.
 *
 * Defaults are those of the paper and of Foolbox's LinfDeepFoolAttack and L2DeepFoolAttack, which don't support l1, count
 * entries at the ends of the range, and add 1e-4 to a step's margin; here steps are at least 1e-5 units.
 * torchattacks' DeepFool works in l2, on all classes, one sample after the other, and applies the overshoot once.
 * @param threatModel what the adversary may change, and how much it may at most
 * @throws {ThreatModelError} when the threat model is not valid
 * @throws {AttackOptionsError} when an option is unknown or outside its values
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { type Classifier, deepfool } from '@amr/attacks';
 * const weights = tf.randomNormal([12, 5], 0, 1, 'float32', 1) as tf.Tensor2D;
 * const classifier: Classifier = ({ rgb }) => tf.matMul(tf.reshape(rgb!, [-1, 12]), weights) as tf.Tensor2D;
 * const clean = { rgb: tf.randomUniform([4, 2, 2, 3]) };
 * const labels = tf.argMax(classifier(clean), 1) as tf.Tensor1D;
 * const attack = deepfool({ rgb: { norm: 'linf', epsilon: Infinity, range: [0, 1] } });
 * const adversarial = await attack.perturb(classifier, clean, labels);
 * console.log(await tf.max(tf.abs(tf.sub(adversarial.rgb!, clean.rgb)), [1, 2, 3]).data());
 * ```
 */
export function deepfool(threatModel: ThreatModel, options: DeepfoolOptions = {}): Attack {
  rejectUnknownOptions('deepfool', options, OPTIONS);
  const { steps = 50, overshoot = 0.02, candidates = 10 } = options;
  checkCount('deepfool.steps', steps);
  checkCount('deepfool.candidates', candidates, 2);
  checkNotNegative('deepfool.overshoot', overshoot);

  return attackFromSearch(
    { name: 'deepfool', threatModel, loss: options.loss ?? 'cw', allowInfiniteEpsilon: true },
    async (problem, context) => {
      const clean = context.scratch.state(() => logitsAt(problem, zeroPerturbations(problem.balls)));
      const rivals = rivalsOf(problem, context, clean.value, candidates - 1);
      const state = context.scratch.state(
        (): State => ({
          deltas: zeroPerturbations(problem.balls),
          best: initialSmallest(problem, clean.value),
        }),
      );
      for (let step = 1; step <= steps; step++) {
        await context.monitor.yieldToEventLoop();
        state.advance(({ deltas, best }) => {
          const { balls } = problem;
          const { margin, slopes } = nearestBoundary(problem, context, deltas, rivals, feasibleGradient);
          const moves = stepTo(balls, slopes, tf.neg(margin));
          const done = tf.isFinite(best.size);
          const next = deltas.map((delta, i) => {
            const moved = tf.add<tf.Tensor2D>(delta, tf.mul(moves[i]!, 1 + overshoot));
            return tf.where(done, delta, project(withoutRadius(balls[i]!), moved));
          });
          return {
            deltas: next,
            best: smallerOf(balls, best, next, fooled(problem, logitsAt(problem, next))),
            margin: tf.squeeze<tf.Tensor1D>(margin, [1]),
          };
        });
        const { deltas, best, margin } = state.value;
        await context.monitor.report({ step, steps, restart: 1, restarts: 1 }, deltas, margin!);
        if (step % CHECK_INTERVAL === 0 || step === steps) {
          const sizes = await context.monitor.checkFinite(best.size);
          const done = [...sizes].map((size) => size < Infinity);
          if (done.every((row) => row)) break;
          context.rows.remove(done, () => ({
            deltas: smallestWithinBudget(problem.balls, best),
            loss: margin!,
          }));
        }
      }
      return context.scratch.state(() => smallestWithinBudget(problem.balls, state.value.best)).value;
    },
  );
}

interface State {
  deltas: tf.Tensor2D[];
  best: Smallest;
  /** At the point where the last step started. */
  margin?: tf.Tensor1D;
}
