import type * as tf from '@tensorflow/tfjs-core';
import type { Attack } from './attack.js';
import { type Ball, confined, startIn } from './ball.js';
import { type Best, keptBetter, standing } from './best.js';
import { checkCount, checkRestarts } from './checkOptions.js';
import type { Problem } from './evaluation.js';
import type { AttackLoss } from './losses/attackLoss.js';
import { attackOf, type SearchContext } from './search.js';
import type { SearchState } from './searchState.js';
import type { ThreatModel } from './threatModel.js';

/** An attack by steps along the gradient, as a configuration of the one loop that they share. */
export interface GradientAttack {
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
  ownSteps: boolean;
  /** Calls of the classifier that each gradient is the mean of. Default 1. */
  draws?: number;
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
export function gradientAttack(config: GradientAttack): Attack {
  checkCount('steps', config.steps);
  checkRestarts(config.restarts, config.randomStart);
  return attackOf(config, (problem, context) => run(config, problem, context));
}

/** A point of all balls: what a step changes. */
interface State {
  deltas: tf.Tensor2D[];
  memory: tf.Tensor[];
  /** At the point that the last step left. */
  objective?: tf.Tensor1D;
}

/** The loop: restarts of steps, each a gradient, an update, and the way back into the threat model. */
async function run(
  config: GradientAttack,
  problem: Problem,
  context: SearchContext,
): Promise<readonly tf.Tensor2D[]> {
  const { steps, restarts } = config;
  const { balls } = problem;
  const state = context.hold((): State => ({ deltas: [], memory: [] }));
  let best: SearchState<Best> | undefined;
  for (let restart = 1; restart <= restarts; restart++) {
    state.advance(() => ({
      deltas: balls.map((ball) => startIn(ball, config.randomStart ? context.random : undefined)),
      memory: [],
    }));
    for (let step = 1; step <= steps; step++) {
      await context.pause();
      state.advance(({ deltas, memory }) => {
        const only = config.moving?.(step);
        const { objective, gradients } = context.evaluate(deltas, undefined, only);
        const update = config.rule({ step, balls, deltas, gradients, objective, memory });
        const moves = ({ parts }: Ball) => !only || parts.some(({ modality }) => only.includes(modality));
        return {
          deltas: balls.map((ball, i) => (moves(ball) ? confined(ball, update.deltas[i]!) : deltas[i]!)),
          memory: update.memory,
          objective,
        };
      });
      const { deltas, objective } = state.value;
      context.report({ step, steps, restart, restarts }, deltas, objective!);
    }
    if (restarts > 1) best = keptBetter(context, best, () => standing(problem, state.value.deltas));
    const successes = await context.settle(best?.value.success, `restart ${restart}`);
    if (best && successes.every((success) => success === 1)) break;
  }
  return (best ?? state).value.deltas;
}
