import * as tf from '@tensorflow/tfjs-core';
import type { MaximisedLoss } from '../../losses/attackLoss.js';
import type { Best } from '../../search/best.js';
import { evaluateLoss, fooled, perturbedInputs } from '../../search/evaluate.js';
import type { Problem } from '../../search/problem.js';
import type { SearchContext } from '../../search/search.js';
import type { SearchState } from '../../search/searchState.js';
import { selectRows } from '../../tensors/selectRows.js';
import type { Ball } from '../../threatModel/ball.js';
import { project } from '../../threatModel/perturbation.js';
import { checkpoints } from './checkpoints.js';
import { firstSparsePace, nextSparsePace, type SparsePace, sparseStep } from './sparseStep.js';

/** Share of a step that follows the gradient; the rest continues in the direction of the previous step. */
const NEW_SHARE = 0.75;
/** Length of the first step in radii, in l1 balls 1. */
const FIRST_STEP = 2;
/** Share of all steps after which the number of entries that l1 steps move is updated. */
const SPARSE_INTERVAL = 0.04;

/** One run of Auto-PGD. */
export interface AdaptiveAscent {
  /** The balls of the active rows. */
  balls(): readonly Ball[];
  /** The starting points, inside the balls; owned by the caller. */
  start: readonly tf.Tensor2D[];
  /** Whether the start is the result of a previous stage. */
  continued: boolean;
  /** The loss that is maximised. */
  loss: MaximisedLoss;
  /** Number of steps, 1 or more. */
  steps: number;
  /** Share of the steps since the last checkpoint that have to raise the loss. */
  rho: number;
  /** How a row's first success ends its search; absent: it doesn't. */
  earlyStopping?: EarlyStopping;
  /** Called after each step with the point that it led to, and the loss at the point where it started, and awaited. */
  onStep(step: number, deltas: readonly tf.Tensor2D[], loss: tf.Tensor1D): Promise<void>;
}

/** What early stopping has to know of the other runs. */
export interface EarlyStopping {
  /** 1 in rows that are finished before the run begins; absent: in none. */
  finished?: tf.Tensor1D;
  /** Steps of the runs that follow. */
  left: number;
  /** What the search would return, given the result of this run so far. Called inside a tidy. */
  result(reached: Best): Best;
}

/** A point of all balls. */
interface Point {
  deltas: tf.Tensor2D[];
  /** Gradients of the loss; not computed at the last point. */
  gradients: tf.Tensor2D[];
  loss: tf.Tensor1D;
}

/** The state of a run, for each row by itself. */
interface RunState {
  point: Point;
  /** Where the last step started. */
  previous: Pick<Point, 'deltas' | 'loss'>;
  best: Point;
  /** The last point that fooled the classifier (with early stopping the first), and whether there was one. */
  found: Pick<Best, 'deltas' | 'success'>;
  pace: Pace;
  /** One entry for each l1 ball. */
  sparse: SparsePace[];
}

/** The step sizes in balls other than l1. */
interface Pace {
  /** Length of a step, in lengths of the first, `[rows, 1]`. */
  length: tf.Tensor2D;
  /** Steps since the last checkpoint that raised the loss, `[rows]`. */
  rises: tf.Tensor1D;
  /** Whether the last checkpoint halved the step, bool `[rows]`. */
  halved: tf.Tensor1D;
  /** The best loss at the last checkpoint, `[rows]`. */
  best: tf.Tensor1D;
}

/**
 * One run of Auto-PGD (Croce and Hein 2020, algorithm 1; in l1 balls Croce and Hein 2021, algorithm 1). Costs a forward
 * and a backward pass a step, and a forward pass at the end. Reads nothing back unless rows can finish early.
 * @returns per row the last point that fooled the classifier, or else the one with the largest loss; a state of the scratch
 */
export async function adaptiveAscent(
  run: AdaptiveAscent,
  problem: Problem,
  context: SearchContext,
): Promise<SearchState<Best>> {
  const { steps, earlyStopping } = run;
  const state = context.scratch.state(() => startRun(run, problem, context));
  const halvings = new Set(run.balls().some(({ norm }) => !norm.sparse) ? checkpoints(steps) : []);
  const sparseInterval = Math.max(Math.floor(SPARSE_INTERVAL * steps), 1);
  let lastCheckpoint = 0;
  for (let step = 1; step <= steps; step++) {
    await context.monitor.yieldToEventLoop();
    state.advance((state) => {
      const balls = run.balls();
      const moved = momentumStep(balls, state, step);
      const { found, point } = state;
      const deltas = earlyStopping
        ? moved.map((delta, i) => selectRows(found.success, point.deltas[i]!, delta))
        : moved;
      let next = afterStep(
        state,
        evaluateAt(deltas, run, problem, context, step === steps),
        earlyStopping !== undefined,
      );
      if (halvings.has(step)) next = halveSteps(next, run.rho * (step - lastCheckpoint));
      return step % sparseInterval === 0 ? updateSparsity(next, balls) : next;
    });
    if (halvings.has(step)) lastCheckpoint = step;
    await run.onStep(step, state.value.point.deltas, state.value.previous.loss);
    if (!earlyStopping) continue;
    const left = steps - step + earlyStopping.left;
    const result = () => earlyStopping.result(resultOf(state.value));
    if (await context.rows.stopFinished(state.value.found.success, left, result)) break;
  }
  const result = context.scratch.state(() => resultOf(state.value));
  state.dispose();
  return result;
}

function startRun(run: AdaptiveAscent, problem: Problem, context: SearchContext): RunState {
  const { start, continued, earlyStopping } = run;
  const balls = run.balls();
  const deltas = start.map((delta) => tf.clone(delta));
  const { point, success } = evaluateAt(deltas, run, problem, context, false);
  const { loss } = point;
  const rows = loss.shape;
  return {
    point,
    previous: { deltas, loss },
    best: point,
    found: {
      deltas,
      success: earlyStopping?.finished ? tf.maximum(success, earlyStopping.finished) : success,
    },
    pace: {
      length: tf.ones([rows[0], 1]),
      rises: tf.zeros(rows),
      // The first checkpoint has none before it that the best point could be compared with.
      halved: tf.ones(rows, 'bool'),
      best: loss,
    },
    sparse: balls.flatMap((ball, i) =>
      ball.norm.sparse ? [firstSparsePace(ball, continued ? deltas[i] : undefined)] : [],
    ),
  };
}

/** The loss and its gradient at a point; of the last point only the loss. */
function evaluateAt(
  deltas: tf.Tensor2D[],
  { loss: maximised }: AdaptiveAscent,
  problem: Problem,
  context: SearchContext,
  last: boolean,
): { point: Point; success: tf.Tensor1D } {
  const { loss, logits, gradients } = last
    ? { ...evaluateLoss({ ...problem, loss: maximised }, perturbedInputs(problem, deltas)), gradients: [] }
    : context.monitor.evaluateGradient(deltas, maximised);
  return { point: { deltas, gradients, loss }, success: fooled(problem, logits) };
}

/**
 * Where the next step leads: z = P(x + eta d), then P(x + 0.75 (z - x) + 0.25 (x - x')), x' the point before x and d
 * the norm's direction. In l1 balls there is no momentum, and the step is sparse.
 */
function momentumStep(balls: readonly Ball[], { point, previous, pace, sparse }: RunState, step: number) {
  const paces = sparse.values();
  return balls.map((ball, i) => {
    const x = point.deltas[i]!;
    const gradient = point.gradients[i]!;
    if (ball.norm.sparse) {
      return project(ball, tf.add(x, sparseStep(ball, x, gradient, paces.next().value!)));
    }
    const length = tf.mul(tf.mul(FIRST_STEP, ball.epsilon), pace.length);
    const z = project(ball, tf.add(x, tf.mul(ball.norm.direction(gradient, ball), length)));
    if (step === 1) return z;
    const fresh = tf.mul(tf.sub(z, x), NEW_SHARE);
    return project(ball, tf.add(x, tf.add(fresh, tf.mul(tf.sub(x, previous.deltas[i]!), 1 - NEW_SHARE))));
  });
}

function afterStep(
  { point: from, best, found, pace, sparse }: RunState,
  { point, success: fools }: { point: Point; success: tf.Tensor1D },
  first: boolean,
): RunState {
  const success = first ? tf.mul<tf.Tensor1D>(fools, tf.sub(1, found.success)) : fools;
  const rises = tf.cast(tf.greater(point.loss, from.loss), 'float32');
  return {
    point,
    previous: from,
    best: selectPoints(tf.greater(point.loss, best.loss), point, best),
    found: {
      deltas: found.deltas.map((delta, i) => selectRows(success, point.deltas[i]!, delta)),
      success: tf.maximum(found.success, success),
    },
    pace: { ...pace, rises: tf.add(pace.rises, rises) },
    sparse,
  };
}

/**
 * A checkpoint outside l1: rows of which fewer than `enough` steps raised the loss (condition 1), or whose best
 * point and step length are those of the last checkpoint (condition 2), go back to their best point and halve the step.
 */
function halveSteps(state: RunState, enough: number): RunState {
  const { best, pace } = state;
  const oscillates = tf.less(pace.rises, enough);
  const stuck = tf.logicalAnd(tf.logicalNot(pace.halved), tf.lessEqual(best.loss, pace.best));
  const halved: tf.Tensor1D = tf.logicalOr(oscillates, stuck);
  return {
    ...state,
    point: selectPoints(halved, best, state.point),
    pace: {
      length: selectRows(halved, tf.div(pace.length, 2), pace.length),
      rises: tf.zerosLike(pace.rises),
      halved,
      best: best.loss,
    },
  };
}

/** A checkpoint of the l1 balls: rows whose best point has become sparser in one of them go back to it. */
function updateSparsity(state: RunState, balls: readonly Ball[]): RunState {
  const { best, sparse } = state;
  if (sparse.length === 0) return state;
  const paces = sparse.values();
  const next = balls.flatMap((ball, i) =>
    ball.norm.sparse ? [nextSparsePace(ball, best.deltas[i]!, paces.next().value!)] : [],
  );
  const back = next.map((one) => one.back).reduce((any, one) => tf.logicalOr(any, one));
  return {
    ...state,
    point: selectPoints(tf.squeeze(back, [1]), best, state.point),
    sparse: next.map(({ pace }) => pace),
  };
}

/** One point in the rows where `condition` holds, another in the others; gradients only if both have them. */
function selectPoints(condition: tf.Tensor1D, one: Point, other: Point): Point {
  const pick = (a: tf.Tensor2D[], b: tf.Tensor2D[]) =>
    a.map((matrix, i) => selectRows(condition, matrix, b[i]!));
  return {
    deltas: pick(one.deltas, other.deltas),
    gradients: one.gradients.length === other.gradients.length ? pick(one.gradients, other.gradients) : [],
    loss: tf.where(condition, one.loss, other.loss),
  };
}

function resultOf({ found: { deltas, success }, best }: RunState): Best {
  return {
    deltas: deltas.map((delta, i) => selectRows(success, delta, best.deltas[i]!)),
    loss: tf.clone(best.loss),
    success: tf.clone(success),
  };
}
