import * as tf from '@tensorflow/tfjs-core';
import type { Attack, PerturbOptions } from './attack.js';
import { type Ball, ballsAround, confined, disposeBalls } from './ball.js';
import type { Classifier, FrozenClassifier, Modalities } from './classifier.js';
import { AttackOptionsError, GradientError, shown } from './errors.js';
import { evaluate, logitsAt, type Problem, perturbedInputs } from './evaluation.js';
import { type AttackLoss, objectiveOf } from './losses/attackLoss.js';
import { randomOf } from './random.js';
import { registerGradients } from './registerGradients.js';
import { attackedModalities, checkThreatModel, type ThreatModel } from './threatModel.js';
import { tidied } from './tidied.js';
import { type Checked, check } from './validation.js';

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
  /** How a step is made of the gradient. */
  rule: UpdateRule;
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

/** Milliseconds after which the event loop gets a turn, so that timers, signals and pages stay alive. */
const TURN = 30;

/**
 * Makes an attack of a configuration.
 * @throws {ThreatModelError} when the threat model makes no sense
 * @throws {AttackOptionsError} when steps or restarts are not positive integers, or the loss is unknown
 */
export function gradientAttack(config: GradientAttack): Attack {
  const { name, threatModel, steps, restarts, loss } = config;
  checkThreatModel(threatModel);
  checkCount('steps', steps);
  checkCount('restarts', restarts);
  const objective = objectiveOf(loss);

  return {
    name,
    threatModel,
    async perturb(classifier, inputs, labels, options = {}) {
      options.signal?.throwIfAborted();
      const checked = await check(threatModel, inputs, labels, options);
      await registerGradients();
      const { problem, dispose } = prepare(
        config,
        checked,
        { classifier, inputs, labels, objective },
        options,
      );
      try {
        return await run(config, problem, options);
      } finally {
        dispose();
      }
    },
  };
}

/** A point of all balls: what a step changes. */
interface State {
  deltas: tf.Tensor2D[];
  memory: tf.Tensor[];
  /** For each attacked modality the first step whose gradient was not finite, or infinity. */
  firstBad: tf.Scalar[];
}

/** A sample's best so far. */
interface Best {
  deltas: tf.Tensor2D[];
  objective: tf.Tensor1D;
  success: tf.Tensor1D;
}

/** The loop: restarts of steps, each a gradient, an update, and the way back into the threat model. */
async function run(config: GradientAttack, problem: Problem, options: PerturbOptions): Promise<Modalities> {
  const { steps, restarts } = config;
  const { signal, onStep } = options;
  const random = randomOf(options.seed);
  const breathe = breather();
  let state: State | undefined;
  let best: Best | undefined;
  try {
    for (let restart = 1; restart <= restarts; restart++) {
      state = advance(state, () => startOf(config, problem, random));
      for (let step = 1; step <= steps; step++) {
        signal?.throwIfAborted();
        let loss: tf.Tensor1D | undefined;
        state = advance(state, ({ deltas, memory, firstBad }) => {
          const { objective, gradients, broken } = evaluate(problem, deltas);
          const update = config.rule({ step, balls: problem.balls, deltas, gradients, objective, memory });
          if (onStep) loss = tf.keep(problem.objective.report(objective, problem.targets !== undefined));
          return {
            deltas: update.deltas.map((delta, i) => confined(problem.balls[i]!, delta)),
            memory: update.memory,
            firstBad: broken.map((flag, i) => tf.minimum(firstBad[i]!, tf.div(step, flag))),
          };
        });
        if (onStep && loss) {
          report(problem, state, loss, (seen) => onStep({ step, steps, restart, restarts, ...seen }));
        }
        await breathe();
      }
      if (restarts > 1) best = better(problem, best, state.deltas);
      const allFooled = await readState(problem, state, best, restart);
      if (allFooled) break;
    }
    signal?.throwIfAborted();
    const found = best?.deltas ?? state!.deltas;
    return tf.tidy(() => {
      const result = perturbedInputs(problem, found);
      for (const name of Object.keys(result)) {
        if (result[name] === problem.inputs[name]) result[name] = tf.clone(result[name]!);
      }
      return result;
    });
  } finally {
    if (state) tf.dispose({ ...state });
    if (best) tf.dispose({ ...best });
  }
}

/** The next state, made inside a tidy; frees what of the previous one is not in it. */
function advance(previous: State | undefined, make: (previous: State) => State): State {
  const next = tidied(() => make(previous!));
  if (previous) {
    const kept = new Set(tensorsIn(next));
    for (const tensor of tensorsIn(previous)) if (!kept.has(tensor)) tensor.dispose();
  }
  return next;
}

function tensorsIn({ deltas, memory, firstBad }: State): tf.Tensor[] {
  return [...deltas, ...memory, ...firstBad];
}

function startOf(
  { randomStart }: GradientAttack,
  { balls }: Problem,
  random: ReturnType<typeof randomOf>,
): State {
  const deltas = balls.map((ball) =>
    randomStart
      ? confined(ball, ball.norm.start(random, ball))
      : tf.zeros<tf.Rank.R2>([ball.rows, ball.size]),
  );
  const firstBad = balls.flatMap(({ parts }) => parts.map(() => tf.scalar(Infinity)));
  return { deltas, memory: [], firstBad };
}

/** For each sample the better of two points: the earlier success, or else the larger objective. */
function better(problem: Problem, best: Best | undefined, deltas: tf.Tensor2D[]): Best {
  const { labels, targets, objective } = problem;
  const next = tidied((): Best => {
    const logits = logitsAt(problem, perturbedInputs(problem, deltas));
    const predicted = tf.argMax<tf.Tensor1D>(logits, 1);
    const fooled = targets ? tf.equal(predicted, targets) : tf.notEqual(predicted, labels);
    const success = tf.cast(fooled, 'float32') as tf.Tensor1D;
    const reached = objective.raise(logits, labels, targets);
    if (!best) return { deltas: deltas.map((delta) => tf.clone(delta)), objective: reached, success };
    const improves = tf.logicalAnd(
      tf.equal(best.success, 0),
      tf.logicalOr(tf.greater(success, 0), tf.greater(reached, best.objective)),
    );
    const rows = tf.reshape(improves, [-1, 1]);
    return {
      deltas: deltas.map((delta, i) => tf.where(rows, delta, best.deltas[i]!)),
      objective: tf.where(improves, reached, best.objective),
      success: tf.maximum(best.success, success),
    };
  });
  if (best) tf.dispose({ ...best });
  return next;
}

/** Fetches, once per restart, whether the gradients were finite and whether every sample is fooled already. */
async function readState(
  { balls }: Problem,
  { firstBad }: State,
  best: Best | undefined,
  restart: number,
): Promise<boolean> {
  const all = tf.tidy(() => tf.stack([...firstBad, best ? tf.min(best.success) : tf.scalar(0)]));
  const values = await all.data();
  all.dispose();
  const names = balls.flatMap(({ parts }) => parts.map(({ modality }) => modality));
  const bad = names.filter((_, i) => values[i]! < Infinity);
  if (bad.length > 0) {
    const step = Math.min(...values.subarray(0, names.length));
    throw new GradientError(
      `The gradient with respect to ${bad.map(shown).join(', ')} has NaN or infinite entries, first in step ${step} of restart ${restart}. The classifier or the loss overflows there, or divides by zero, or takes the root or logarithm of zero.`,
    );
  }
  return values[names.length] === 1;
}

function report(
  problem: Problem,
  { deltas }: State,
  loss: tf.Tensor1D,
  show: (seen: { loss: tf.Tensor1D; adversarial: Modalities }) => void,
): void {
  try {
    tf.tidy(() => show({ loss, adversarial: perturbedInputs(problem, deltas) }));
  } finally {
    loss.dispose();
  }
}

/** Everything that the steps share, and what frees it. */
function prepare(
  { threatModel, stepLength, ownSteps }: GradientAttack,
  { masks, largestLabel }: Checked,
  given: Pick<Problem, 'classifier' | 'inputs' | 'labels' | 'objective'>,
  { targets }: PerturbOptions,
): { problem: Problem; dispose: () => void } {
  const { inputs, objective } = given;
  const balls = ballsAround(inputs, threatModel, masks, stepLength, ownSteps);
  tf.dispose(masks);
  const labels = tf.cast(given.labels, 'int32');
  const wanted = targets && tf.cast(targets, 'int32');
  let frozen: FrozenClassifier | undefined;
  const dispose = () => {
    disposeBalls(balls);
    labels.dispose();
    wanted?.dispose();
    frozen?.dispose();
  };
  try {
    frozen = frozenFor(given.classifier, inputs, attackedModalities(threatModel));
  } catch (error) {
    dispose();
    throw error;
  }
  const classifier = frozen ?? given.classifier;
  return {
    problem: { classifier, inputs, balls, objective, labels, targets: wanted, largestLabel },
    dispose,
  };
}

function frozenFor(
  classifier: Classifier,
  inputs: Modalities,
  attacked: string[],
): FrozenClassifier | undefined {
  const unchanging = Object.keys(inputs).filter((name) => !attacked.includes(name));
  return unchanging.length > 0 ? classifier.frozen?.(inputs, unchanging) : undefined;
}

/** Gives the event loop a turn when it has had none for a while. */
function breather(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < TURN) return;
    await new Promise((resolve) => setTimeout(resolve));
    last = performance.now();
  };
}

function checkCount(name: string, value: number): void {
  if (!(Number.isSafeInteger(value) && value >= 1)) {
    throw new AttackOptionsError(`${name} is ${shown(value)}; expected a whole number from 1.`);
  }
}
