import * as tf from '@tensorflow/tfjs-core';
import type { Attack, AttackStep, PerturbOptions } from './attack.js';
import { ballsAround, disposeBalls } from './ball.js';
import { checkCount } from './checkOptions.js';
import type { Classifier, FrozenClassifier, Modalities } from './classifier.js';
import { GradientError, shown } from './errors.js';
import {
  type Evaluation,
  evaluate,
  logitsAt,
  observedAt,
  type Problem,
  perturbedInputs,
} from './evaluation.js';
import { type AttackLoss, type Objective, objectiveOf } from './losses/attackLoss.js';
import { type Random, randomOf } from './random.js';
import { registerGradients } from './registerGradients.js';
import { SearchState } from './searchState.js';
import { attackedModalities, checkThreatModel, type ThreatModel } from './threatModel.js';
import { type Checked, check } from './validation.js';

/** What an attack is beside its search. */
export interface SearchConfig {
  /** Its name. */
  name: string;
  /** What it may change. */
  threatModel: ThreatModel;
  /** What is raised. Default 'cross-entropy'. */
  loss?: AttackLoss;
  /** Length of a step in radii of the ball, for budgets without a step size. Default 1. */
  stepLength?: number;
  /** Whether a budget's own `stepSize` takes the place of `stepLength`. Default true. */
  ownSteps?: boolean;
  /** Whether a budget's epsilon may be infinite. Default false. */
  unbounded?: boolean;
  /** Calls of the classifier that one evaluation is the mean of. Default 1. */
  draws?: number;
}

/**
 * Looks for the perturbations, one matrix per ball, that the attack returns. They must be inside the threat model and
 * belong to a state that the context holds; the context frees it afterwards.
 */
export type Search = (problem: Problem, context: SearchContext) => Promise<readonly tf.Tensor2D[]>;

/** Milliseconds after which the event loop gets a turn, so that timers, signals and pages stay alive. */
const TURN = 30;

/**
 * Makes an attack of a search: what all attacks have in common is done here, from the checks to the last tensor.
 * @throws {ThreatModelError} when the threat model makes no sense
 * @throws {AttackOptionsError} when the loss or the number of draws is none
 */
export function attackOf(config: SearchConfig, search: Search): Attack {
  const { name, threatModel, loss = 'cross-entropy', unbounded = false, draws = 1 } = config;
  checkThreatModel(threatModel, { unbounded });
  checkCount('draws', draws);
  const objective = objectiveOf(loss);

  return {
    name,
    threatModel,
    async perturb(classifier, inputs, labels, options = {}) {
      options.signal?.throwIfAborted();
      const checked = await check(threatModel, inputs, labels, unbounded, options);
      await registerGradients();
      const { problem, dispose } = prepare(
        config,
        checked,
        { classifier, inputs, labels, objective },
        options,
      );
      const context = new SearchContext(problem, options);
      try {
        const deltas = await search(problem, context);
        options.signal?.throwIfAborted();
        return tf.tidy(() => {
          const result = perturbedInputs(problem, deltas);
          for (const modality of Object.keys(result)) {
            if (result[modality] === inputs[modality]) result[modality] = tf.clone(result[modality]!);
          }
          return result;
        });
      } finally {
        context.dispose();
        dispose();
      }
    },
  };
}

/** What a search works with. */
export class SearchContext {
  /** Draws of the call's seed. */
  readonly random: Random;
  readonly #problem: Problem;
  readonly #options: PerturbOptions;
  readonly #states: SearchState<object>[] = [];
  /** For each attacked modality the first evaluation whose gradient was not finite, or infinity. */
  #firstBad: tf.Tensor1D | undefined;
  #evaluations = 0;
  #lastTurn = performance.now();

  constructor(problem: Problem, options: PerturbOptions) {
    this.#problem = problem;
    this.#options = options;
    this.random = randomOf(options.seed, options.rows);
  }

  /** A state that is freed when the attack ends, however it ends. */
  hold<T extends object>(make: () => T): SearchState<T> {
    const state = new SearchState(make);
    this.#states.push(state as unknown as SearchState<object>);
    return state;
  }

  /** To be awaited between steps: throws the signal's reason when the attack shall stop, and lets others have a turn. */
  async pause(): Promise<void> {
    if (performance.now() - this.#lastTurn >= TURN) {
      await new Promise((resolve) => setTimeout(resolve));
      this.#lastTurn = performance.now();
    }
    this.#options.signal?.throwIfAborted();
  }

  /**
   * One forward and one backward pass. Notes gradients that are not finite for {@link settle}. Call it inside a tidy.
   * @param only modalities whose gradient is computed, by default all; the backward pass runs through their branches only
   */
  evaluate(deltas: readonly tf.Tensor2D[], objective?: Objective, only?: readonly string[]): Evaluation {
    const evaluation = evaluate(this.#problem, deltas, objective, only);
    this.#evaluations++;
    const now = tf.div<tf.Tensor1D>(this.#evaluations, tf.stack(evaluation.broken));
    const first = tf.keep(this.#firstBad ? tf.minimum<tf.Tensor1D>(this.#firstBad, now) : tf.clone(now));
    this.#firstBad?.dispose();
    this.#firstBad = first;
    return evaluation;
  }

  /** One forward pass. Call it inside a tidy. */
  logits(deltas: readonly tf.Tensor2D[]): tf.Tensor2D {
    return logitsAt(this.#problem, perturbedInputs(this.#problem, deltas));
  }

  /**
   * The place for a transfer from the backend, once per restart or so.
   * @param values what the search wants to know
   * @param during where the search stands, for the message: 'restart 2'
   * @throws {GradientError} when a gradient since the last call was not finite
   */
  async settle(values: tf.Tensor | undefined, during: string): Promise<Float32Array> {
    const names = this.#problem.balls.flatMap(({ parts }) => parts.map(({ modality }) => modality));
    const all = tf.tidy(() =>
      tf.concat1d([
        this.#firstBad ?? tf.fill<tf.Rank.R1>([names.length], Infinity),
        values ? tf.cast<tf.Tensor1D>(tf.reshape(values, [-1]), 'float32') : tf.tensor1d([]),
      ]),
    );
    let fetched: Float32Array;
    try {
      fetched = (await all.data()) as Float32Array;
    } finally {
      all.dispose();
      this.#firstBad?.dispose();
      this.#firstBad = undefined;
      this.#evaluations = 0;
    }
    const bad = names.filter((_, i) => fetched[i]! < Infinity);
    if (bad.length > 0) {
      const step = Math.min(...fetched.subarray(0, names.length));
      throw new GradientError(
        `The gradient with respect to ${bad.map(shown).join(', ')} has NaN or infinite entries, first in step ${step} of ${during}. The classifier or the loss overflows there, or divides by zero, or takes the root or logarithm of zero.`,
      );
    }
    return fetched.slice(names.length);
  }

  /**
   * Tells the caller's onStep, if there is one, where the search stands; `objective` is of the point that the step left.
   * @param targeted whether it is that of a search for given classes; by default if the caller named them
   */
  report(
    at: Pick<AttackStep, 'step' | 'steps' | 'restart' | 'restarts'>,
    deltas: readonly tf.Tensor2D[],
    objective: tf.Tensor1D,
    targeted: boolean = this.#problem.targets !== undefined,
  ): void {
    const { onStep } = this.#options;
    if (!onStep) return;
    const { objective: raised } = this.#problem;
    tf.tidy(() =>
      onStep({
        ...at,
        loss: raised.report(objective, targeted),
        adversarial: perturbedInputs(this.#problem, deltas),
      }),
    );
  }

  /** Frees everything that was held. */
  dispose(): void {
    for (const state of this.#states.splice(0)) state.dispose();
    this.#firstBad?.dispose();
    this.#firstBad = undefined;
  }
}

/** Everything that the steps share, and what frees it. */
function prepare(
  { threatModel, stepLength = 1, ownSteps = true, draws = 1 }: SearchConfig,
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
  let observedClean: Modalities = {};
  const dispose = () => {
    disposeBalls(balls);
    labels.dispose();
    wanted?.dispose();
    frozen?.dispose();
    tf.dispose(observedClean);
  };
  try {
    frozen = frozenFor(given.classifier, inputs, attackedModalities(threatModel));
    const problem: Problem = {
      classifier: frozen ?? given.classifier,
      inputs,
      balls,
      objective,
      observedClean,
      draws,
      labels,
      targets: wanted,
      largestLabel,
    };
    if (objective.observed.length > 0) {
      observedClean = tf.tidy(() => observedAt(problem, inputs, objective.observed).values);
    }
    return { problem: { ...problem, observedClean }, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

function frozenFor(
  classifier: Classifier,
  inputs: Modalities,
  attacked: string[],
): FrozenClassifier | undefined {
  const unchanging = Object.keys(inputs).filter((name) => !attacked.includes(name));
  return unchanging.length > 0 ? classifier.frozen?.(inputs, unchanging) : undefined;
}
