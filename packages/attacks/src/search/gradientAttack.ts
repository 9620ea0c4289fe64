import * as tf from '@tensorflow/tfjs-core';
import type { AttackLoss } from '../losses/attackLoss.js';
import { checkCount, checkRestarts } from '../options.js';
import { selectRows } from '../tensors/selectRows.js';
import type { Ball } from '../threatModel/ball.js';
import { project, startingPoint } from '../threatModel/perturbation.js';
import type { ThreatModel } from '../threatModel/threatModel.js';
import type { Attack } from './attack.js';
import { type Best, betterOf, evaluatePoint, updateBest } from './best.js';
import { fooled } from './evaluate.js';
import type { Problem } from './problem.js';
import { attackFromSearch, type SearchContext } from './search.js';
import type { SearchState } from './searchState.js';

/** An attack by gradient steps, as a configuration of the shared loop. */
export interface GradientAttackConfig {
  /** The attack's name. */
  name: string;
  /** What the adversary may change and by how much. */
  threatModel: ThreatModel;
  /** Steps in a restart, 1 or more. */
  steps: number;
  /** Whether to begin at a random point of the ball rather than at the clean input. */
  randomStart: boolean;
  /** Number of restarts, 1 or more; each sample keeps its first success, or else its largest loss. */
  restarts: number;
  /** The loss that is maximised. */
  loss: AttackLoss;
  /** Length of a step in radii of the ball. */
  stepLength: number;
  /** Whether a budget's own `stepSize` takes the place of `stepLength`. */
  useBudgetStepSize: boolean;
  /** Number of classifier calls that each gradient averages over. Default 1. */
  eotSamples?: number;
  /** How a step follows from the gradient. */
  rule: UpdateRule;
  /** The modalities that move in a step. Only their gradient is computed, and balls without one of them stay as they are. Default: all. */
  moving?: (step: number) => readonly string[];
}

/** What a step follows from; one entry in each list for each ball of the threat model. */
interface StepView {
  /** Number of the step, from 1. */
  step: number;
  /** The balls. */
  balls: readonly Ball[];
  /** Where the step starts. */
  deltas: readonly tf.Tensor2D[];
  /** The loss's gradient there. */
  gradients: readonly tf.Tensor2D[];
  /** The loss there, `[batch]`. */
  loss: tf.Tensor1D;
  /** What the rule returned as memory after the previous step; empty in the first. */
  memory: readonly tf.Tensor[];
}

/** What a step leads to. */
interface Update {
  /** The next perturbations, not yet projected onto constraints, ball, range and mask. */
  deltas: tf.Tensor2D[];
  /** What the next step has to know, such as a velocity. */
  memory: tf.Tensor[];
}

/** A step. Called inside `tf.tidy`; must treat rows independently and read nothing back. */
export type UpdateRule = (view: StepView) => Update;

/**
 * Makes an attack from a configuration. The loop of all gradient attacks is here once: restarts of steps, each a gradient,
 * an update and a projection. What differs between norms is in the balls' {@link Norm}, what differs between attacks is
 * the update rule and the numbers, so that an attack such as pgd is only its defaults.
 * @throws {ThreatModelError} when the threat model is not valid
 * @throws {AttackOptionsError} when steps, restarts or eotSamples are not positive integers, there are several restarts
 *   without a random start, or the loss is unknown
 */
export function gradientAttack(config: GradientAttackConfig): Attack {
  checkCount(`${config.name}.steps`, config.steps);
  checkRestarts(config.name, config.restarts, config.randomStart);
  return attackFromSearch(config, (problem, context) => run(config, problem, context));
}

/** A point of all balls, which each step changes. */
interface State {
  deltas: tf.Tensor2D[];
  memory: tf.Tensor[];
  /** The loss at the point where the last step started. */
  loss?: tf.Tensor1D;
  /** With early stopping, 1 in rows that are fooled and stay where they are, `[rows]`. */
  finished?: tf.Tensor1D;
}

async function run(
  config: GradientAttackConfig,
  problem: Problem,
  context: SearchContext,
): Promise<readonly tf.Tensor2D[]> {
  const { steps, restarts } = config;
  const { scratch, rows, monitor } = context;
  const state = scratch.state((): State => ({ deltas: [], memory: [] }));
  let best: SearchState<Best> | undefined;
  /** What the attack would return if it ended now. */
  const resultSoFar = (): Best => {
    const { deltas, loss, finished } = state.value;
    const now = { deltas, loss: loss!, success: finished! };
    return best ? betterOf(best.value, now) : now;
  };
  for (let restart = 1; restart <= restarts; restart++) {
    state.advance(() => start(config, problem, context, best?.value));
    for (let step = 1; step <= steps; step++) {
      await monitor.yieldToEventLoop();
      state.advance((from) => takeStep(config, problem, context, from, step));
      const { deltas, loss, finished } = state.value;
      await monitor.report({ step, steps, restart, restarts }, deltas, loss!);
      const left = (restarts - restart + 1) * steps - step;
      if (finished && (await rows.stopFinished(finished, left, resultSoFar))) break;
    }
    if (restarts > 1) best = updateBest(scratch, best, () => endOf(problem, state.value));
    const success = [...(await monitor.checkFinite(best?.value.success))];
    if (!best) continue;
    if (success.every((flag) => flag === 1)) break;
    const { value } = best;
    rows.remove(
      success.map((flag) => flag === 1),
      () => value,
    );
  }
  return (best ?? state).value.deltas;
}

/** The starting point of a restart. */
function start(
  { randomStart }: GradientAttackConfig,
  { balls, labels }: Problem,
  { random, rows }: SearchContext,
  best: Best | undefined,
): State {
  const deltas = balls.map((ball) => startingPoint(ball, randomStart ? random : undefined));
  if (!rows.stopWhenFooled) return { deltas, memory: [] };
  return { deltas, memory: [], finished: best ? tf.clone(best.success) : tf.zeros([labels.shape[0]]) };
}

/** One step: gradient, update, projection. Finished rows stay where they are. */
function takeStep(
  config: GradientAttackConfig,
  problem: Problem,
  { monitor }: SearchContext,
  { deltas, memory, finished: before }: State,
  step: number,
): State {
  const { balls } = problem;
  const moving = config.moving?.(step);
  const { loss, logits, gradients } = monitor.evaluateGradient(deltas, undefined, moving);
  const update = config.rule({ step, balls, deltas, gradients, loss, memory });
  const moves = ({ parts }: Ball) => !moving || parts.some(({ modality }) => moving.includes(modality));
  const next = balls.map((ball, i) => (moves(ball) ? project(ball, update.deltas[i]!) : deltas[i]!));
  if (!before) return { deltas: next, memory: update.memory, loss };
  const finished = tf.maximum<tf.Tensor1D>(before, fooled(problem, logits));
  return {
    deltas: next.map((delta, i) => selectRows(finished, deltas[i]!, delta)),
    memory: update.memory,
    loss,
    finished,
  };
}

/** The last point of a restart, evaluated. */
function endOf(problem: Problem, { deltas, finished }: State): Best {
  const end = evaluatePoint(problem, deltas);
  return finished ? { ...end, success: tf.maximum(end.success, finished) } : end;
}
