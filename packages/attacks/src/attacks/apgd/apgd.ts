import * as tf from '@tensorflow/tfjs-core';
import type { AttackLoss, MaximisedLoss } from '../../losses/attackLoss.js';
import { maskOut, oneHotOf } from '../../losses/rowLoss.js';
import {
  checkBoolean,
  checkCount,
  checkNumber,
  checkOption,
  checkRestarts,
  optionKeys,
  rejectUnknownOptions,
} from '../../options.js';
import type { Attack } from '../../search/attack.js';
import { type Best, betterOf } from '../../search/best.js';
import { logitsAt } from '../../search/evaluate.js';
import type { Problem } from '../../search/problem.js';
import { attackFromSearch, type SearchContext } from '../../search/search.js';
import type { SearchState } from '../../search/searchState.js';
import type { Ball } from '../../threatModel/ball.js';
import { project, startingPoint, zeroPerturbations } from '../../threatModel/perturbation.js';
import type { ThreatModel } from '../../threatModel/threatModel.js';
import { type AdaptiveAscent, adaptiveAscent, type EarlyStopping } from './adaptiveAscent.js';

/** Options of {@link apgd}. */
export interface ApgdOptions {
  /** Steps in a run. Default 100. */
  steps?: number;
  /** Number of random restarts; each sample keeps its first success, or else its largest loss. Default 1. */
  restarts?: number;
  /** Whether to begin at a uniformly drawn point of the ball rather than at the clean input. Default true. */
  randomStart?: boolean;
  /** The loss that is maximised. Default 'cross-entropy'. */
  loss?: AttackLoss;
  /** Share of the steps between two checkpoints that have to raise the loss; with fewer, the step is halved. 0 to 1. Default 0.75. */
  rho?: number;
  /**
   * Number of target classes, a sample's most likely wrong ones by its clean logits, at most all of them. There is a run
   * towards each; any wrong prediction counts as success. With `targets` given, only these are targeted. Default: one run
   * away from the label.
   */
  targetClasses?: number;
  /** Number of classifier calls that each gradient, loss and prediction averages over, for classifiers that are random (EOT). Default 1. */
  eotSamples?: number;
  /** Whether l1 balls are searched at 3 epsilon, then 2 epsilon, then epsilon, with 30, 30 and 40 % of the steps. Default true. */
  multiEpsilon?: boolean;
}

const OPTIONS = /* @__PURE__ */ optionKeys<ApgdOptions>({
  steps: true,
  restarts: true,
  randomStart: true,
  loss: true,
  rho: true,
  targetClasses: true,
  eotSamples: true,
  multiEpsilon: true,
});

/**
 * Auto-PGD (Croce and Hein 2020, "Reliable evaluation of adversarial robustness with an ensemble of diverse
 * parameter-free attacks", algorithm 1): gradient ascent with momentum whose step begins at 2 epsilon. At checkpoints,
 * after 22, 41, 57, 70, 80, 87, 93 and 99 of 100 steps, a sample goes back to its best point and halves its step if
 * fewer than `rho` of the steps since the last checkpoint raised its loss (condition 1), or if it didn't halve the step
 * there and has found nothing better since (condition 2). A budget's `stepSize` is ignored. In l1 balls (Croce and Hein
 * 2021, "Mind the box", algorithm 1) steps are sparse, projected onto ball and range at once, without momentum, and
 * after each 4 % of the steps their number of entries follows the sparsity of the best point.
 *
 * Several balls move in every step, from one gradient; a sample's decision to go back holds for all of them, and its
 * halving for all but l1 balls. Per sample the result is the last point on the way of the first run that fooled the
 * classifier, or else the point with the largest loss. 'cross-entropy' is maximised, and compared, as
 * {@link logOdds}, which rise with it, so that a saturated softmax doesn't stop the attack. Losses of runs towards different classes are compared
 * as they are.
 *
 * With `targetClasses` and the loss 'dlr' this is AutoAttack's targeted APGD, there with 9 classes (5 in l1). Each run
 * costs `eotSamples` times a forward and a backward pass a step and a forward pass at the end (three of these with
 * `multiEpsilon` in l1 balls); target classes cost one forward pass to find. Runs end when every sample is fooled.
 *
 * Differs from the AutoAttack repository: random starts are uniform in the ball rather than on its sphere; checkpoints
 * are the paper's for any number of steps, and a share of exactly `rho` is enough, as in the paper; a rise is counted
 * from the point that the step left, also where that has just been restored; samples that can't be fooled come back as
 * their best point, not clean; with several `eotSamples` their mean predicts, not the last; in l1 the number of entries
 * that move is rounded down, and entries at the end of the range don't count. From torchattacks' APGD (10 steps, linf
 * and l2 only) in the number of steps and in all of these. Foolbox has no Auto-PGD.
 * @param threatModel what the adversary may change and by how much
 * @throws {ThreatModelError} when the threat model is not valid
 * @throws {AttackOptionsError} when an option is unknown or outside its values
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { apgd, type Classifier } from '@amr/attacks';
 * const weights = tf.randomNormal([12, 5]);
 * const classifier: Classifier = ({ x }) => tf.matMul(tf.reshape(x!, [-1, 12]), weights) as tf.Tensor2D;
 * const x = tf.randomUniform([4, 2, 2, 3]);
 * const labels = tf.argMax(classifier({ x }), 1) as tf.Tensor1D;
 * const threatModel = { x: { norm: 'linf' as const, epsilon: 0.1, range: [0, 1] as [number, number] } };
 * const untargeted = await apgd(threatModel, { steps: 20 }).perturb(classifier, { x }, labels, { seed: 1 });
 * const targeted = apgd(threatModel, { loss: 'dlr', targetClasses: 3, steps: 20 });
 * const towards = await targeted.perturb(classifier, { x }, labels, { seed: 1 });
 * console.log(await tf.argMax(classifier(untargeted), 1).data(), await tf.argMax(classifier(towards), 1).data());
 * ```
 */
export function apgd(threatModel: ThreatModel, options: ApgdOptions = {}): Attack {
  rejectUnknownOptions('apgd', options, OPTIONS);
  const {
    steps = 100,
    restarts = 1,
    randomStart = true,
    loss = 'cross-entropy',
    rho = 0.75,
    targetClasses,
    eotSamples = 1,
    multiEpsilon = true,
  } = options;
  checkCount('apgd.steps', steps);
  checkRestarts('apgd', restarts, randomStart);
  if (targetClasses !== undefined) checkCount('apgd.targetClasses', targetClasses);
  checkNumber('apgd.rho', rho, (value) => value >= 0 && value <= 1, 'a number from 0 to 1');
  checkBoolean('apgd.randomStart', randomStart);
  checkBoolean('apgd.multiEpsilon', multiEpsilon);
  const config = { name: targetClasses === undefined ? 'apgd' : 'apgd-t', threatModel, loss, eotSamples };
  const settings: Settings = { steps, restarts, randomStart, rho, multiEpsilon };
  return attackFromSearch(config, async (problem, context) => {
    const goals =
      targetClasses === undefined || problem.targets
        ? [{ loss: problem.loss, targeted: problem.targets !== undefined }]
        : targetedGoals(problem, context, targetClasses);
    return runRestarts(settings, problem, context, goals);
  });
}

type Settings = Required<Omit<ApgdOptions, 'loss' | 'eotSamples' | 'targetClasses'>>;

/** The loss that a run maximises, and whether it leads towards a class rather than away from the label. */
interface Goal {
  loss: MaximisedLoss;
  targeted: boolean;
}

/** The restarts for each goal, until every row is fooled. */
async function runRestarts(
  settings: Settings,
  problem: Problem,
  context: SearchContext,
  goals: readonly Goal[],
): Promise<readonly tf.Tensor2D[]> {
  const stages = stagesOf(settings, problem, context);
  const runs = goals.flatMap((goal) => Array.from({ length: settings.restarts }, () => goal));
  let best: SearchState<Best> | undefined;
  for (const [i, goal] of runs.entries()) {
    const restart = { steps: settings.steps, restart: i + 1, restarts: runs.length };
    const before = best;
    const earlyStopping: EarlyStopping | undefined = context.rows.stopWhenFooled
      ? {
          finished: before?.value.success,
          left: (runs.length - i - 1) * settings.steps,
          result: (reached) => (before ? betterOf(before.value, reached) : reached),
        }
      : undefined;
    const reached = await runStages(settings, stages, problem, context, goal, restart, earlyStopping);
    if (best) {
      best.advance((previous) => betterOf(previous, reached.value));
      reached.dispose();
    } else {
      best = reached;
    }
    const { value } = best;
    const successes = [...(await context.monitor.checkFinite(value.success))].map((flag) => flag === 1);
    if (successes.every((success) => success)) break;
    context.rows.remove(successes, () => value);
  }
  return best!.value.deltas;
}

/** A part of a run: so many steps in such balls. */
interface Stage {
  /** Those of the active rows. */
  balls(): readonly Ball[];
  steps: number;
}

/** One run through all stages, each from the best point of the previous one. */
async function runStages(
  { randomStart, rho }: Settings,
  stages: readonly Stage[],
  problem: Problem,
  context: SearchContext,
  { loss, targeted }: Goal,
  restart: { steps: number; restart: number; restarts: number },
  earlyStopping: EarlyStopping | undefined,
): Promise<SearchState<Best>> {
  let reached: SearchState<Best> | undefined;
  let done = 0;
  for (const { balls, steps } of stages) {
    const start = context.scratch.state(() =>
      balls().map((ball, i) => {
        if (reached) return project(ball, reached.value.deltas[i]!);
        return startingPoint(ball, randomStart ? context.random : undefined);
      }),
    );
    const onStep: AdaptiveAscent['onStep'] = (step, deltas, before) =>
      context.monitor.report({ ...restart, step: done + step }, deltas, before, targeted);
    const ascent: AdaptiveAscent = {
      balls,
      start: start.value,
      continued: reached !== undefined,
      loss,
      steps,
      rho,
      // A success in a wider ball doesn't count.
      earlyStopping: balls === stages.at(-1)!.balls ? earlyStopping : undefined,
      onStep,
    };
    const next = await adaptiveAscent(ascent, problem, context);
    start.dispose();
    reached?.dispose();
    reached = next;
    done += steps;
  }
  return reached!;
}

/** Three stages where there are l1 balls (Croce and Hein 2021, section 4.2): in wider ones ascent gets further on few entries. */
function stagesOf({ steps, multiEpsilon }: Settings, problem: Problem, context: SearchContext): Stage[] {
  const early = Math.floor((3 * steps) / 10);
  const balls = () => problem.balls;
  if (!multiEpsilon || early === 0 || balls().every(({ norm }) => !norm.sparse)) return [{ balls, steps }];
  return [
    { balls: widenL1Balls(problem, 3, context), steps: early },
    { balls: widenL1Balls(problem, 2, context), steps: early },
    { balls, steps: steps - 2 * early },
  ];
}

function widenL1Balls(problem: Problem, factor: number, context: SearchContext): () => Ball[] {
  const epsilons = context.scratch.state(() =>
    problem.balls.map(({ epsilon }) => tf.mul<tf.Tensor2D>(epsilon, factor)),
  );
  return () =>
    problem.balls.map((ball, i) => (ball.norm.sparse ? { ...ball, epsilon: epsilons.value[i]! } : ball));
}

/** Towards each of the `count` most likely wrong classes of a row, by its clean logits. */
function targetedGoals(problem: Problem, context: SearchContext, count: number): Goal[] {
  const { loss, labels, balls, largestLabel } = problem;
  const expected = 'none, as the labels are not classes';
  checkOption('apgd.targetClasses', count, largestLabel !== undefined, expected);
  const classes = context.scratch.state(() => {
    const logits = logitsAt(problem, zeroPerturbations(balls));
    const wrong = maskOut(logits, oneHotOf(labels, logits));
    return tf.unstack(tf.topk(wrong, Math.min(count, logits.shape[1] - 1)).indices, 1);
  });
  return classes.value.map((_, i) => ({
    loss: {
      ...loss,
      compute: (seen) => loss.compute({ ...seen, targets: classes.value[i] as tf.Tensor1D }),
    },
    targeted: true,
  }));
}
