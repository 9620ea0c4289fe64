import * as tf from '@tensorflow/tfjs-core';
import type { LossFunction } from '../../losses/attackLoss.js';
import {
  budgetChecks,
  checkBoolean,
  checkCount,
  checkNotNegative,
  checkPositive,
  optionKeys,
  rejectUnknownOptions,
} from '../../options.js';
import type { Attack } from '../../search/attack.js';
import {
  fooledWithinBudget,
  initialSmallest,
  type Smallest,
  smallerOf,
  smallestWithinBudget,
  withoutRadius,
} from '../../search/boundary/smallest.js';
import { fooled, logitsAt } from '../../search/evaluate.js';
import type { Problem } from '../../search/problem.js';
import { attackFromSearch, type SearchContext } from '../../search/search.js';
import type { Ball } from '../../threatModel/ball.js';
import { ballSpecsOf } from '../../threatModel/ballSpecs.js';
import { project, zeroPerturbations } from '../../threatModel/perturbation.js';
import type { ThreatModel } from '../../threatModel/threatModel.js';
import { adam, type Moments, noMoments } from './adam.js';
import { type Units, unitsOf } from './units.js';

/** Options of {@link cw}. */
export interface CwOptions {
  /** Margin, in logits, by which the wrong class has to lead, 0 or more. Default 0. */
  confidence?: number;
  /** Steps for each constant. Default 1000. */
  steps?: number;
  /** Number of constants that are tried for each sample. Default 9. */
  binarySearchSteps?: number;
  /** The first constant, above 0. Default 0.001. */
  initialConstant?: number;
  /**
   * Adam's learning rate, in half widths of the range or, without one, in epsilons or, if epsilon is infinite, in lengths L,
   * see {@link cw}. Default 0.01.
   */
  learningRate?: number;
  /**
   * The margin that is raised, a function whose value is above 0 where the criterion is met, for outputs that are not
   * logits of classes. Default: the margin between classes, as below.
   */
  loss?: LossFunction;
  /** Whether a sample's run ends once a tenth of the steps has not lowered its loss by 0.01 %. Default true. */
  abortEarly?: boolean;
}

/** A run is stalled in rows whose loss has not fallen to this share. */
const STALLED_SHARE = 0.9999;
/** Factor of a constant that is too small, while none is known to be large enough. */
const GROWTH = 10;

const OPTIONS = /* @__PURE__ */ optionKeys<CwOptions>({
  confidence: true,
  steps: true,
  binarySearchSteps: true,
  initialConstant: true,
  learningRate: true,
  loss: true,
  abortEarly: true,
});

/**
 * The l2 attack of Carlini and Wagner 2017 ("Towards evaluating the robustness of neural networks", section V, eq. 7
 * with f6): looks for the smallest perturbation d that fools the classifier by Adam on
 * |d / L|^2 + c * max(z_y - max over i other than y of z_i, -confidence), on the logits z, whatever their sign. The
 * constant c is searched for by bisection in each row: `binarySearchSteps` runs, from the clean input, each with a
 * larger c in rows that found nothing and a smaller one in those that did. With targets t,
 * max over i other than t of z_i, less z_t, takes the place of the margin.
 *
 * L is the width of the range, 1 for [0, 1] as published, so that the result doesn't depend on the unit of an input. Without
 * a range it is epsilon or, if that is infinite, the largest absolute value of the clean input or the distance to the
 * linearised boundary, whichever is shorter.
 *
 * Where the paper changes variables to keep inputs in their range, x = (tanh(w) + 1) / 2, Adam here works on d itself
 * and each step is clipped to the range: at the ends of the range tanh has no slope, so that black and white pixels could
 * not move, and the distance would be taken from an input that is moved off the ends. Masks and constraints are
 * applied as well, and success is evaluated after them.
 *
 * Several balls, each in l2: |d / L|^2 is the sum of |d_b|^2 * m / unit_b^2, unit the ball's epsilon (if that is infinite the
 * width of the range or, without one, the largest absolute value of the clean input) and m the mean of (unit_b / L_b)^2. The smallest perturbation is the one whose
 * largest share |d_b| / unit_b is smallest. Other norms: `pgd` with the loss 'cw'. Returns the smallest
 * perturbation found where it is inside the threat model, else the clean input; rows that are wrong from the start come
 * back clean, whatever the confidence. Epsilon may be Infinity. A budget's `stepSize` is ignored.
 *
 * Costs at most binarySearchSteps * steps forward and backward passes, one forward pass, and one transfer from the
 * backend for each tenth of a run. Each row has its own constant, Adam state and early end; the run ends when no row is left.
 *
 * Defaults are those of the authors' code and Foolbox's L2CarliniWagnerAttack but for the 10,000 steps of both, and but
 * for early ends: there the whole batch ends together. Differs from torchattacks' CW, which has one constant (1), 50
 * steps, and the same change of variables as the paper.
 * @param threatModel what the adversary may change, in l2, and how much it may at most
 * @throws {ThreatModelError} when the threat model is not valid or has another norm
 * @throws {AttackOptionsError} when an option is unknown or outside its values
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { type Classifier, cw } from '@amr/attacks';
 * const weights = tf.randomNormal([12, 5], 0, 1, 'float32', 1) as tf.Tensor2D;
 * const classifier: Classifier = ({ rgb }) => tf.matMul(tf.reshape(rgb!, [-1, 12]), weights) as tf.Tensor2D;
 * const clean = { rgb: tf.randomUniform([4, 2, 2, 3]) };
 * const labels = tf.argMax(classifier(clean), 1) as tf.Tensor1D;
 * const attack = cw({ rgb: { norm: 'l2', epsilon: 1, range: [0, 1] } }, { steps: 50, binarySearchSteps: 4 });
 * const adversarial = await attack.perturb(classifier, clean, labels);
 * console.log(await tf.argMax(classifier(adversarial), 1).data());
 * ```
 */
export function cw(threatModel: ThreatModel, options: CwOptions = {}): Attack {
  rejectUnknownOptions('cw', options, OPTIONS);
  const {
    confidence = 0,
    steps = 1000,
    binarySearchSteps = 9,
    initialConstant = 1e-3,
    learningRate = 0.01,
    abortEarly = true,
  } = options;
  checkBoolean('cw.abortEarly', abortEarly);
  checkCount('cw.steps', steps);
  checkCount('cw.binarySearchSteps', binarySearchSteps);
  checkNotNegative('cw.confidence', confidence);
  checkPositive('cw.initialConstant', initialConstant);
  checkPositive('cw.learningRate', learningRate);
  const settings = { confidence, steps, binarySearchSteps, initialConstant, learningRate, abortEarly };
  const attack = attackFromSearch(
    { name: 'cw', threatModel, loss: options.loss ?? 'cw', allowInfiniteEpsilon: true },
    (problem, context) => search(settings, problem, context),
  );
  for (const { norm, modalities } of ballSpecsOf(threatModel)) {
    const names = Object.keys(modalities).join('+');
    budgetChecks.checkOption(
      `threatModel.${names}.norm`,
      norm,
      norm === 'l2',
      "'l2', the only norm of cw",
      "For other norms use pgd with the loss 'cw', fab or deepfool.",
    );
  }
  return attack;
}

/** The bisection of the constant: a run of Adam for each, from the clean input. */
async function search(
  settings: Required<Omit<CwOptions, 'loss'>>,
  problem: Problem,
  context: SearchContext,
): Promise<readonly tf.Tensor2D[]> {
  const { confidence, steps, binarySearchSteps: runs, initialConstant, learningRate, abortEarly } = settings;
  const { scratch, rows, monitor } = context;
  // As often as Foolbox and the authors' code check.
  const period = Math.ceil(steps / 10);
  const units = scratch.state(() => unitsOf(problem, learningRate));
  const state = scratch.state(() => initialState(problem, context, initialConstant));
  const result = () => ({
    deltas: smallestWithinBudget(problem.balls, state.value.best),
    loss: state.value.margin,
  });
  let allFooled = false;
  for (let run = 1; run <= runs && !allFooled; run++) {
    state.advance((previous) => ({ ...previous, ...newRun(problem.balls, previous.best, context) }));
    for (let step = 1; step <= steps; step++) {
      await monitor.yieldToEventLoop();
      state.advance((previous) => descend(problem, context, units.value, previous, step, confidence));
      const { deltas, margin } = state.value;
      await monitor.report({ step, steps, restart: run, restarts: runs }, deltas, margin);
      if (rows.stopWhenFooled) {
        const finished = tf.tidy(() => fooledWithinBudget(problem.balls, state.value.best));
        const left = (runs - run + 1) * steps - step;
        allFooled = await rows.stopFinished(finished, left, result).finally(() => finished.dispose());
        if (allFooled) break;
      }
      if (step % period !== 0) continue;
      if (abortEarly) state.advance(stopStalled);
      const active = await monitor.checkFinite(state.value.active);
      if (active.every((row) => row === 0)) break;
    }
    state.advance(updateConstants);
  }
  return scratch.state(() => result().deltas).value;
}

/** Columns are `[rows, 1]`. */
interface State {
  deltas: tf.Tensor2D[];
  moments: Moments[];
  best: Smallest;
  /** c, the largest that failed, and the smallest that succeeded. */
  constant: tf.Tensor2D;
  lower: tf.Tensor2D;
  upper: tf.Tensor2D;
  /** 1 in rows that were fooled in this run. */
  found: tf.Tensor2D;
  /** 1 in rows that are active in this run. */
  active: tf.Tensor2D;
  /** The loss at the point where the last step started, and at the last check for stalled rows. */
  loss: tf.Tensor2D;
  before: tf.Tensor2D;
  margin: tf.Tensor1D;
}

function initialState(problem: Problem, context: SearchContext, initialConstant: number): State {
  const best = initialSmallest(problem, logitsAt(problem, zeroPerturbations(problem.balls)));
  const column = (value: number): tf.Tensor2D => tf.fill(best.size.shape, value);
  return {
    ...newRun(problem.balls, best, context),
    best,
    constant: column(initialConstant),
    lower: column(0),
    upper: column(Infinity),
    loss: column(0),
    margin: tf.zeros([best.size.shape[0]]),
  };
}

/** The start of a run. Rows that need no perturbation are not active. */
function newRun(
  balls: readonly Ball[],
  best: Smallest,
  context: SearchContext,
): Pick<State, 'deltas' | 'moments' | 'found' | 'active' | 'before'> {
  const { size } = best;
  return {
    deltas: zeroPerturbations(balls),
    moments: balls.map((ball) => noMoments([ball.rows, ball.size])),
    found: tf.zerosLike(size),
    active: stillActive(balls, best, tf.cast(tf.greater<tf.Tensor2D>(size, 0), 'float32'), context),
    before: tf.fill(size.shape, Infinity),
  };
}

/** The active rows, with early stopping without those that are fooled within the budget. */
function stillActive(
  balls: readonly Ball[],
  best: Smallest,
  active: tf.Tensor2D,
  { rows }: SearchContext,
): tf.Tensor2D {
  return rows.stopWhenFooled ? tf.mul(active, tf.sub(1, fooledWithinBudget(balls, best))) : active;
}

/** Evaluates the present point and takes a step from it. */
function descend(
  problem: Problem,
  context: SearchContext,
  { lengths, speeds, shares }: Units,
  previous: State,
  step: number,
  confidence: number,
): State {
  const { balls } = problem;
  const { deltas, moments, constant, found } = previous;
  const { loss, logits, gradients } = context.monitor.evaluateGradient(deltas);
  const lead = tf.sub<tf.Tensor2D>(tf.expandDims(loss, 1), confidence);
  // Not lead >= 0: at a margin of exactly 0 the criterion decides whether the smallest change is found.
  const isFooled = tf.expandDims(fooled(problem, logits), 1) as tf.Tensor2D;
  const enough: tf.Tensor2D =
    confidence === 0 ? isFooled : tf.mul(tf.cast(tf.greaterEqual(lead, 0), 'float32'), isFooled);
  // The last point of a run is not evaluated. Points where rows became inactive must not count either, so that results
  // don't depend on when the other rows end the run.
  const success = tf.mul(enough, previous.active);
  const distances = deltas.map(
    (delta, i): tf.Tensor2D => tf.mul(tf.sum(tf.square(delta), 1, true), shares[i]!),
  );
  const pull = tf.mul(constant, tf.sub(1, enough));
  const moves = gradients.map((gradient, i) => {
    const outwards = tf.mul(deltas[i]!, tf.mul(shares[i]!, 2));
    // The gradient in units of L_b: Adam's guard is a number for gradients in [0, 1].
    const slope = tf.mul<tf.Tensor2D>(tf.sub(outwards, tf.mul(gradient, pull)), lengths[i]!);
    return adam(slope, moments[i]!, step);
  });
  const best = smallerOf(balls, previous.best, deltas, tf.squeeze(success, [1]));
  const active = stillActive(balls, best, previous.active, context);
  return {
    ...previous,
    deltas: deltas.map((delta, i) => {
      const next = tf.sub<tf.Tensor2D>(delta, tf.mul(moves[i]!.move, speeds[i]!));
      return tf.where(tf.greater(active, 0), project(withoutRadius(balls[i]!), next), delta);
    }),
    moments: moves.map((move) => move.moments),
    best,
    active,
    found: tf.maximum(found, success),
    loss: tf.add(tf.addN(distances), tf.mul(constant, tf.relu(tf.neg(lead)))),
    margin: loss,
  };
}

/** Ends the run of rows whose loss has not fallen enough since the last check. */
function stopStalled(state: State): State {
  const { loss, before, active } = state;
  const progress = tf.cast(tf.lessEqual(loss, tf.mul(before, STALLED_SHARE)), 'float32');
  return { ...state, before: loss, active: tf.mul(active, progress) };
}

/** The next constants: half way between failure and success or, as long as there was no success, ten times as large. */
function updateConstants(state: State): State {
  const { constant, found } = state;
  const success = tf.greater(found, 0);
  const upper: tf.Tensor2D = tf.where(success, tf.minimum<tf.Tensor2D>(state.upper, constant), state.upper);
  const lower = tf.where(success, state.lower, constant);
  const middle: tf.Tensor2D = tf.div(tf.add(lower, upper), 2);
  const larger: tf.Tensor2D = tf.mul(constant, GROWTH);
  return {
    ...state,
    lower,
    upper,
    constant: tf.where(tf.isFinite(upper), middle, larger),
  };
}
