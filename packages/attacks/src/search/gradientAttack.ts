import * as tf from '@tensorflow/tfjs-core';
import type { AttackLoss } from '../losses/attackLoss.js';
import { checkCount, checkRestarts } from '../options.js';
import { selectRows } from '../tensors/selectRows.js';
import type { Ball } from '../threatModel/ball.js';
import { project, startingPoint } from '../threatModel/perturbation.js';
import type { ThreatModel } from '../threatModel/threatModel.js';
import type { Attack } from './attack.js';
import { type Best, betterOf, evaluatePoint, updateBest } from './best.js';
import { fooled, type Problem } from './evaluate.js';
import { attackFromSearch, type SearchContext } from './search.js';
import type { SearchState } from './searchState.js';

/** An attack by steps along the gradient, as a configuration of the one loop that they share. */
export interface GradientAttackConfig {
  /** Its name. */
  name: string;
  /** What it may change. */
  threatModel: ThreatModel;
  /** Steps in a restart, 1 or more. */
  steps: number;
  /** Whether to begin at a random point of the ball rather than at the clean input. */
  randomStart: boolean;
  /** How often to run, 1 or more; each sample keeps its first success, or else its largest loss. */
  restarts: number;
  /** What is raised. */
  loss: AttackLoss;
  /** Length of a step in radii of the ball. */
  stepLength: number;
  /** Whether a budget's own `stepSize` takes the place of `stepLength`. */
  useBudgetStepSize: boolean;
  /** Calls of the classifier that each gradient is the mean of. Default 1. */
  eotSamples?: number;
  /** How a step is made of the gradient. */
  rule: UpdateRule;
  /**
   * The modalities that move in a step. Only their gradient is computed, and balls without one of them stay as they
   * are. Default: all.
   */
  moving?: (step: number) => readonly string[];
}

/** What a step is made of; one entry in each list for each ball of the threat model. */
export interface StepView {
  /** Number of the step, from 1. */
  step: number;
  /** The balls. */
  balls: readonly Ball[];
  /** Where the step starts. */
  deltas: readonly tf.Tensor2D[];
  /** The objective's gradient there. */
  gradients: readonly tf.Tensor2D[];
  /** The objective there, `[batch]`. */
  objective: tf.Tensor1D;
  /** What the rule returned as memory after the previous step; empty in the first. */
  memory: readonly tf.Tensor[];
}

/** What a step leads to. */
export interface Update {
  /** The next perturbations, not yet confined to constraints, ball, range and mask. */
  deltas: tf.Tensor2D[];
  /** What the next step has to know, such as a velocity. */
  memory: tf.Tensor[];
}

/** A step. Called inside `tf.tidy`; must treat rows independently and read nothing back. */
export type UpdateRule = (view: StepView) => Update;

/**
 * Makes an attack of a configuration.
 * @throws {ThreatModelError} when the threat model makes no sense
 * @throws {AttackOptionsError} when steps, restarts or draws are not positive integers, there are restarts without a
 *   random start, or the loss is unknown
 */
export function gradientAttack(config: GradientAttackConfig): Attack {
  checkCount('steps', config.steps);
  checkRestarts(config.name, config.restarts, config.randomStart);
  return attackFromSearch(config, (problem, context) => run(config, problem, context));
}

/** A point of all balls: what a step changes. */
interface State {
  deltas: tf.Tensor2D[];
  memory: tf.Tensor[];
  /** At the point that the last step left. */
  objective?: tf.Tensor1D;
  /** 1 in rows that stay where they are since they are fooled, if that ends their search, `[rows]`. */
  done?: tf.Tensor1D;
}

/** The loop: restarts of steps, each a gradient, an update, and the way back into the threat model. */
async function run(
  config: GradientAttackConfig,
  problem: Problem,
  context: SearchContext,
): Promise<readonly tf.Tensor2D[]> {
  const { steps, restarts } = config;
  const { stopsWhenFooled } = context;
  const state = context.state((): State => ({ deltas: [], memory: [] }));
  let best: SearchState<Best> | undefined;
  const reached = (): Best => {
    const { deltas, objective, done } = state.value;
    const now = { deltas, objective: objective!, success: done! };
    return best ? betterOf(best.value, now) : now;
  };
  for (let restart = 1; restart <= restarts; restart++) {
    state.advance(() => ({
      deltas: problem.balls.map((ball) =>
        startingPoint(ball, config.randomStart ? context.random : undefined),
      ),
      memory: [],
      done: stopsWhenFooled
        ? best
          ? tf.clone(best.value.success)
          : tf.zeros([problem.labels.size])
        : undefined,
    }));
    for (let step = 1; step <= steps; step++) {
      await context.yieldToEventLoop();
      state.advance((from) => stepped(config, problem, context, from, step));
      const { deltas, objective, done } = state.value;
      context.report({ step, steps, restart, restarts }, deltas, objective!);
      const left = (restarts - restart + 1) * steps - step;
      if (done && !(await context.stopFinished(done, left, reached))) break;
    }
    if (restarts > 1) {
      best = updateBest(context, best, () => {
        const end = evaluatePoint(problem, state.value.deltas);
        const { done } = state.value;
        return done ? { ...end, success: tf.maximum(end.success, done) } : end;
      });
    }
    const successes = [...(await context.checkFinite(best?.value.success, `restart ${restart}`))];
    if (!best) continue;
    if (successes.every((success) => success === 1)) break;
    const { value } = best;
    context.removeRows(
      successes.map((success) => success === 1),
      () => value,
    );
  }
  return (best ?? state).value.deltas;
}

function stepped(
  config: GradientAttackConfig,
  problem: Problem,
  context: SearchContext,
  { deltas, memory, done: before }: State,
  step: number,
): State {
  const { balls } = problem;
  const only = config.moving?.(step);
  const { objective, logits, gradients } = context.evaluateGradient(deltas, undefined, only);
  const update = config.rule({ step, balls, deltas, gradients, objective, memory });
  const moves = ({ parts }: Ball) => !only || parts.some(({ modality }) => only.includes(modality));
  const next = balls.map((ball, i) => (moves(ball) ? project(ball, update.deltas[i]!) : deltas[i]!));
  if (!before) return { deltas: next, memory: update.memory, objective };
  const done = tf.maximum<tf.Tensor1D>(before, fooled(problem, logits));
  return {
    deltas: next.map((delta, i) => selectRows(done, deltas[i]!, delta)),
    memory: update.memory,
    objective,
    done,
  };
}
