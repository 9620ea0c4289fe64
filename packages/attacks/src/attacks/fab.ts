import * as tf from '@tensorflow/tfjs-core';
import type { LossFunction, MaximisedLoss } from '../losses/attackLoss.js';
import { checkBoolean, checkCount, checkNumber, optionKeys, rejectUnknownOptions } from '../options.js';
import type { Attack } from '../search/attack.js';
import { type BallBounds, nearestBoundary, rivalsOf, stepTo } from '../search/boundary/boundary.js';
import {
  fooledWithinBudget,
  initialSmallest,
  type Smallest,
  smallerOf,
  smallestWithinBudget,
  withoutRadius,
} from '../search/boundary/smallest.js';
import { evaluateLoss, fooled, logitsAt, perturbedInputs } from '../search/evaluate.js';
import type { Problem } from '../search/problem.js';
import { attackFromSearch, type SearchContext } from '../search/search.js';
import type { Ball } from '../threatModel/ball.js';
import {
  hasConstraints,
  project,
  relativeSize,
  unitOf,
  zeroPerturbations,
} from '../threatModel/perturbation.js';
import type { ThreatModel } from '../threatModel/threatModel.js';

/** Options of {@link fab}. */
export interface FabOptions {
  /** Steps of a run. Default 100. */
  steps?: number;
  /** Number of restarts for each target class (untargeted: in all): the first from the clean input, the others from random points. Default 1. */
  restarts?: number;
  /** Whether each run heads for the boundary to one class (FAB-T) rather than for the nearest one. Default true. */
  targeted?: boolean;
  /** Number of target classes: the most likely wrong ones of the clean input, at most all of them. Default 9. */
  targetClasses?: number;
  /** The largest weight of the clean input's projection in a step, from 0 to 1. Default 0.1. */
  alphaMax?: number;
  /** How far a step goes, in lengths of the projection, 1 or more. Default 1.05. */
  eta?: number;
  /** What share of a successful perturbation the next step starts from, above 0 and at most 1. Default 0.9. */
  beta?: number;
  /**
   * The function whose zero is the boundary, above 0 where the criterion is met, for outputs that are not logits of classes.
   * Default: the margins between classes.
   */
  loss?: LossFunction;
}

const OPTIONS = /* @__PURE__ */ optionKeys<FabOptions>({
  steps: true,
  restarts: true,
  targeted: true,
  targetClasses: true,
  alphaMax: true,
  eta: true,
  beta: true,
  loss: true,
});

/** Steps of the final search, section 3 of the paper. */
const FINAL_STEPS = 3;
/** How far beyond the boundary the final search aims, as a share of the line's length: on it rounding would decide. */
const BEYOND = 1e-4;
/** Projections shorter than this many units count as this long, so that the weights stay finite. */
const GUARD = 1e-8;

/**
 * The fast adaptive boundary attack (Croce and Hein 2020, "Minimally distorted adversarial examples with a fast adaptive
 * boundary attack", algorithm 1): looks for the smallest perturbation that fools the classifier. A step linearises the
 * margin at the present point x, projects both x and the clean input c onto the boundary within the box (eq. 5), goes
 * eta times as far, and mixes the two (eq. 9), with the weight min(a_x / (a_x + a_c), alphaMax) for the clean one, a the
 * lengths of the projections. A point that fools the classifier is kept if it is the smallest, and the next step starts
 * at c + beta (x - c). A run ends with three steps of the final search along the line to the best point.
 *
 * By default its targeted form FAB-T, that of AutoAttack: a run for each of `targetClasses` classes, in the order of the
 * clean logits, with the boundary between that class and the label; any wrong class counts. `targeted: false` is the
 * form of the paper: each step takes the nearest of these boundaries. With targets in `perturb` there is one boundary,
 * that of the target against the best other class at the point, and only the target counts.
 *
 * Several balls: the size of a perturbation is the largest share of its ball's epsilon that any of its parts takes, and
 * projections minimise that. An infinite epsilon counts as the width of the range or, without one, as the largest absolute
 * value of the clean input. Ranges and masks are part of the box; constraints are
 * applied after the step. With constraints or targets alphaMax counts as 0, since otherwise the pull of the clean input
 * can hold the search short of its goal. Returns the smallest perturbation found where it is inside the threat model, else the clean
 * input; rows that are wrong from the start come back clean. Epsilon may be Infinity.
 *
 * Costs, with R = restarts and K = min(targetClasses, classes - 1): K * R * (2 * steps + 5) forward and K * R * steps
 * backward passes; with `targeted: false` R * ((K + 1) * steps + 5) and R * K * steps; one more forward pass for the
 * clean input. One transfer from the backend a run. A classifier is called with the whole batch, fooled rows included, unless `stopWhenFooled` is set.
 *
 * Defaults are AutoAttack's. Differs from its code in that the search continues when a row is fooled inside epsilon and
 * keeps the best over all runs, in the final search and in restarts at half the best distance, which are the paper's,
 * and in that random starts are uniform in a ball rather than on its surface. torchattacks takes 10 steps, untargeted, over
 * all classes. Foolbox has no FAB.
 * @param threatModel what the adversary may change, and how much it may at most
 * @throws {ThreatModelError} when the threat model is not valid
 * @throws {AttackOptionsError} when an option is unknown or outside its values
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { type Classifier, fab } from '@amr/attacks';
 * const weights = { rgb: tf.randomNormal([12, 5], 0, 1, 'float32', 1), skeleton: tf.randomNormal([6, 5], 0, 1, 'float32', 2) };
 * const classifier: Classifier = ({ rgb, skeleton }) =>
 *   tf.add(tf.matMul(tf.reshape(rgb!, [-1, 12]), weights.rgb), tf.matMul(skeleton!, weights.skeleton)) as tf.Tensor2D;
 * const clean = { rgb: tf.randomUniform([4, 2, 2, 3]), skeleton: tf.randomNormal([4, 6]) };
 * const labels = tf.argMax(classifier(clean), 1) as tf.Tensor1D;
 * const attack = fab({ rgb: { norm: 'l2', epsilon: Infinity, range: [0, 1] } }, { steps: 10 });
 * const adversarial = await attack.perturb(classifier, clean, labels, { seed: 1 });
 * const change = tf.sub(adversarial.rgb!, clean.rgb);
 * console.log(await tf.sqrt(tf.sum(tf.square(change), [1, 2, 3])).data()); // how far each sample is from another class
 * ```
 */
export function fab(threatModel: ThreatModel, options: FabOptions = {}): Attack {
  rejectUnknownOptions('fab', options, OPTIONS);
  const {
    steps = 100,
    restarts = 1,
    targeted = true,
    targetClasses = 9,
    alphaMax = 0.1,
    eta = 1.05,
    beta = 0.9,
  } = options;
  checkCount('fab.steps', steps);
  checkCount('fab.restarts', restarts);
  checkCount('fab.targetClasses', targetClasses);
  checkBoolean('fab.targeted', targeted);
  checkNumber('fab.alphaMax', alphaMax, (value) => value >= 0 && value <= 1, 'a number from 0 to 1');
  checkNumber('fab.eta', eta, (value) => value >= 1 && value < Infinity, 'a finite number that is 1 or more');
  checkNumber('fab.beta', beta, (value) => value > 0 && value <= 1, 'a number above 0 and at most 1');
  const settings = { steps, restarts, targeted, targetClasses, alphaMax, eta, beta };
  return attackFromSearch(
    { name: 'fab', threatModel, loss: options.loss ?? 'cw', allowInfiniteEpsilon: true },
    (problem, context) => search(settings, problem, context),
  );
}

type Settings = Required<Omit<FabOptions, 'loss'>>;

interface State {
  deltas: tf.Tensor2D[];
  best: Smallest;
  /** At the point where the last step started. */
  margin?: tf.Tensor1D;
}

/** The runs of algorithm 1, each followed by the final search. */
async function search(
  settings: Settings,
  problem: Problem,
  context: SearchContext,
): Promise<readonly tf.Tensor2D[]> {
  const { steps } = settings;
  const { scratch, rows, monitor } = context;
  const clean = scratch.state(() => logitsAt(problem, zeroPerturbations(problem.balls)));
  const rivals = rivalsOf(problem, context, clean.value, settings.targetClasses);
  const state = scratch.state(
    (): State => ({
      deltas: zeroPerturbations(problem.balls),
      best: initialSmallest(problem, clean.value),
    }),
  );
  const doubled = scratch.stateFromProblem(() => problem.balls.map(doubleRows));
  const result = () => ({
    deltas: smallestWithinBudget(problem.balls, state.value.best),
    loss: state.value.margin!,
  });
  const runs = runsOf(settings, rivals);
  for (const [run, { group, again }] of runs.entries()) {
    state.advance((from) => start(problem, context, from, again));
    for (let step = 1; step <= steps; step++) {
      await monitor.yieldToEventLoop();
      state.advance((from) => takeStep(settings, problem, context, from, group, doubled.value));
      const { deltas, margin } = state.value;
      await monitor.report({ step, steps, restart: run + 1, restarts: runs.length }, deltas, margin!);
      if (rows.stopWhenFooled) {
        const finished = tf.tidy(() => fooledWithinBudget(problem.balls, state.value.best));
        const left = (runs.length - run) * steps - step;
        const all = await rows.stopFinished(finished, left, result).finally(() => finished.dispose());
        if (all) break;
      }
    }
    state.advance((from) => refineBest(problem, context, from));
    const unfinished = scratch.state(() => [unfinishedRows(problem, state.value.best, context)]);
    const flags = [...(await monitor.checkFinite(unfinished.value[0]))];
    unfinished.dispose();
    if (flags.every((flag) => flag === 0)) break;
    rows.remove(
      flags.map((flag) => flag === 0),
      result,
    );
  }
  return scratch.state(() => result().deltas).value;
}

/** One run after the other: the boundaries that its steps head for, and whether it starts from a random point. */
function runsOf({ targeted, restarts }: Settings, rivals: readonly MaximisedLoss[]) {
  const groups = targeted ? rivals.map((rival) => [rival]) : [rivals];
  return groups.flatMap((group) => Array.from({ length: restarts }, (_, i) => ({ group, again: i > 0 })));
}

/** The first run starts at the clean input, others at random points. */
function start(problem: Problem, context: SearchContext, from: State, again: boolean): State {
  const { balls } = problem;
  const first = again
    ? randomStartsNearBest(balls, from.best, context).map((delta, i) =>
        project(withoutRadius(balls[i]!), delta),
      )
    : zeroPerturbations(balls);
  return { ...from, deltas: keepFinished(problem, context, from.best, from.deltas, first) };
}

/** A step (eq. 9), then the way back towards the clean input for rows that are fooled. */
function takeStep(
  settings: Settings,
  problem: Problem,
  context: SearchContext,
  { deltas, best }: State,
  rivals: readonly MaximisedLoss[],
  doubled: readonly BallBounds[],
): State {
  const { balls } = problem;
  const { eta, beta } = settings;
  const { margin, slopes } = nearestBoundary(problem, context, deltas, rivals);
  const { fromHere, fromClean } = projections(doubled, margin, slopes, deltas);
  const weight = cleanWeight(balls, fromHere, fromClean, alphaMaxOf(settings, problem));
  const moved = balls.map((ball, i) => {
    const here = tf.add(deltas[i]!, tf.mul(fromHere[i]!, eta));
    const there = tf.mul(fromClean[i]!, eta);
    return project(withoutRadius(ball), tf.add(tf.mul(here, tf.sub(1, weight)), tf.mul(there, weight)));
  });
  const next = keepFinished(problem, context, best, deltas, moved);
  const success = fooled(problem, logitsAt(problem, next));
  const smallest = smallerOf(balls, best, next, success);
  const share = tf.sub(1, tf.mul(tf.expandDims(success, 1), 1 - beta));
  const back = next.map((delta): tf.Tensor2D => tf.mul(delta, share));
  return {
    deltas: keepFinished(problem, context, smallest, next, back),
    best: smallest,
    margin: tf.squeeze<tf.Tensor1D>(margin, [1]),
  };
}

/**
 * The largest weight of the clean input. Where several boundaries meet, or a constraint takes a part of each step away, the
 * pull of the clean input would hold the search short of its goal for ever, so the weight is 0.
 */
function alphaMaxOf({ alphaMax }: Settings, { targets, balls }: Problem): number {
  const constrained = balls.some(({ parts }) => parts.some(hasConstraints));
  return targets || constrained ? 0 : alphaMax;
}

/** With early stopping, rows that are fooled within the budget stay where they were. */
function keepFinished(
  { balls }: Problem,
  { rows }: SearchContext,
  best: Smallest,
  before: readonly tf.Tensor2D[],
  next: tf.Tensor2D[],
): tf.Tensor2D[] {
  if (!rows.stopWhenFooled) return next;
  const finished = tf.cast(fooledWithinBudget(balls, best), 'bool');
  return next.map((delta, i) => tf.where(finished, before[i]!, delta));
}

/** The best points after the final search. */
function refineBest(problem: Problem, context: SearchContext, from: State): State {
  const { best } = from;
  const found = refineAlongLine(problem, best);
  const [size] = keepFinished(problem, context, best, [best.size], [found.size]);
  const deltas = keepFinished(problem, context, best, best.deltas, found.deltas);
  return { ...from, best: { deltas, size: size! } };
}

/** 1 in rows that further runs may improve: those that need a perturbation or, with early stopping, have found none yet. */
function unfinishedRows({ balls }: Problem, best: Smallest, { rows }: SearchContext): tf.Tensor2D {
  return rows.stopWhenFooled
    ? tf.sub(1, fooledWithinBudget(balls, best))
    : tf.cast(tf.greater<tf.Tensor2D>(best.size, 0), 'float32');
}

/** The ball with each row twice, for both projections of a step. */
function doubleRows({ norm, epsilon, extent, bounds }: Ball): BallBounds {
  const twice = (rows: tf.Tensor2D) => tf.concat2d([rows, rows], 0);
  return {
    norm,
    epsilon: twice(epsilon),
    extent: twice(extent),
    bounds: bounds && { lower: twice(bounds.lower), upper: twice(bounds.upper) },
  };
}

/** The steps to the boundary linearised at `deltas` (eq. 5), from there and from the clean input. */
function projections(
  doubled: readonly BallBounds[],
  margin: tf.Tensor2D,
  slopes: readonly tf.Tensor2D[],
  deltas: readonly tf.Tensor2D[],
): { fromHere: tf.Tensor2D[]; fromClean: tf.Tensor2D[] } {
  // The linear function is `margin` at the point, so it is margin - slopes . deltas at the clean input.
  const atClean = tf.sub<tf.Tensor2D>(dot(slopes, deltas), margin);
  const rise = tf.concat2d([tf.neg(margin), atClean], 0);
  const steps = stepTo(
    doubled,
    slopes.map((slope) => tf.concat2d([slope, slope], 0)),
    rise,
    deltas.map((delta) => tf.concat2d([delta, tf.zerosLike(delta)], 0)),
  ).map((step) => tf.split(step, 2) as [tf.Tensor2D, tf.Tensor2D]);
  return { fromHere: steps.map(([here]) => here), fromClean: steps.map(([, clean]) => clean) };
}

/** a1 / (a1 + a2) of eq. 9, at most alphaMax: the nearer the point is to the boundary, the less the clean input counts. */
function cleanWeight(
  balls: readonly Ball[],
  fromHere: readonly tf.Tensor2D[],
  fromClean: readonly tf.Tensor2D[],
  alphaMax: number,
): tf.Tensor2D {
  const here = tf.maximum(relativeSize(balls, fromHere), GUARD);
  const clean = tf.maximum(relativeSize(balls, fromClean), GUARD);
  return tf.minimum(tf.div(here, tf.add(here, clean)), alphaMax);
}

/** Random points at most half as far away as the best point or, if that is nearer, the surface of the ball. */
function randomStartsNearBest(
  balls: readonly Ball[],
  { size }: Smallest,
  { random }: SearchContext,
): tf.Tensor2D[] {
  return balls.map((ball) => {
    const nearest = tf.where(tf.isFinite(ball.epsilon), tf.minimum(size, 1), size);
    const share = tf.where(tf.isFinite(nearest), nearest, tf.onesLike(nearest));
    const epsilon = tf.mul<tf.Tensor2D>(tf.div(share, 2), unitOf(ball));
    return ball.norm.start(random, { ...ball, epsilon });
  });
}

/**
 * The final search of section 3: steps of the secant method, on the margin, along the line from the clean input to the
 * best point. A point that is fooled replaces the far end, another one the near end.
 */
function refineAlongLine(problem: Problem, best: Smallest): Smallest {
  const { balls } = problem;
  const marginAt = (deltas: readonly tf.Tensor2D[]) => {
    const { logits, loss } = evaluateLoss(problem, perturbedInputs(problem, deltas));
    return { success: fooled(problem, logits), margin: tf.expandDims(loss, 1) as tf.Tensor2D };
  };
  let near = { share: tf.zerosLike(best.size), margin: marginAt(zeroPerturbations(balls)).margin };
  let far = { share: tf.onesLike(best.size), margin: marginAt(best.deltas).margin };
  let found = best;
  for (let i = 0; i < FINAL_STEPS; i++) {
    const part = tf.divNoNan(tf.neg(near.margin), tf.sub(far.margin, near.margin));
    const share = tf.add<tf.Tensor2D>(
      near.share,
      tf.mul(tf.sub(far.share, near.share), tf.clipByValue(tf.add(part, BEYOND), 0, 1)),
    );
    const deltas = best.deltas.map((delta, b) => project(withoutRadius(balls[b]!), tf.mul(delta, share)));
    const { success, margin } = marginAt(deltas);
    found = smallerOf(balls, found, deltas, success);
    const isFooled = tf.cast(tf.expandDims(success, 1), 'bool');
    const choose = (yes: tf.Tensor2D, no: tf.Tensor2D): tf.Tensor2D => tf.where(isFooled, yes, no);
    [near, far] = [
      { share: choose(near.share, share), margin: choose(near.margin, margin) },
      { share: choose(share, far.share), margin: choose(margin, far.margin) },
    ];
  }
  return found;
}

/** The sum of products over all balls, `[rows, 1]`. */
function dot(slopes: readonly tf.Tensor2D[], deltas: readonly tf.Tensor2D[]): tf.Tensor2D {
  return tf.addN(slopes.map((slope, i): tf.Tensor2D => tf.sum(tf.mul(slope, deltas[i]!), 1, true)));
}
