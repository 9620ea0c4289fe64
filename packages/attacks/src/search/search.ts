import * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from '../classifier/classifier.js';
import { GradientError, shown } from '../errors.js';
import { type AttackLoss, type MaximisedLoss, maximisedLossOf } from '../losses/attackLoss.js';
import { checkCount } from '../options.js';
import { type Random, randomOf } from '../tensors/random.js';
import { registerGradients } from '../tensors/registerGradients.js';
import { checkThreatModel } from '../threatModel/checkThreatModel.js';
import type { ThreatModel } from '../threatModel/threatModel.js';
import { ActiveRows, type SearchResult } from './activeRows.js';
import type { Attack, AttackStep, PerturbOptions } from './attack.js';
import {
  evaluateGradient,
  type GradientEvaluation,
  logitsAt,
  type Problem,
  perturbedInputs,
} from './evaluate.js';
import { PreparedProblem } from './problem.js';
import { SearchState } from './searchState.js';
import { checkBatch } from './validation.js';

/** What an attack is beside its search. */
export interface SearchAttackConfig {
  /** Its name. */
  name: string;
  /** What it may change. */
  threatModel: ThreatModel;
  /** What is raised. Default 'cross-entropy'. */
  loss?: AttackLoss;
  /** Length of a step in radii of the ball, for budgets without a step size. Default 1. */
  stepLength?: number;
  /** Whether a budget's own `stepSize` takes the place of `stepLength`. Default true. */
  useBudgetStepSize?: boolean;
  /** Whether a budget's epsilon may be infinite. Default false. */
  allowInfiniteEpsilon?: boolean;
  /** Calls of the classifier that one evaluation is the mean of. Default 1. */
  eotSamples?: number;
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
export function attackFromSearch(config: SearchAttackConfig, search: Search): Attack {
  const { name, threatModel, loss = 'cross-entropy', stepLength = 1, useBudgetStepSize = true } = config;
  const { allowInfiniteEpsilon = false, eotSamples = 1 } = config;
  checkThreatModel(threatModel, { allowInfiniteEpsilon });
  checkCount(`${name}.eotSamples`, eotSamples);
  const objective = maximisedLossOf(loss, `${name}.loss`);

  return {
    name,
    threatModel,
    async perturb(classifier, inputs, labels, options = {}) {
      options.signal?.throwIfAborted();
      const checked = await checkBatch(threatModel, inputs, labels, allowInfiniteEpsilon, options);
      await registerGradients();
      const prepared = new PreparedProblem(
        { threatModel, stepLength, useBudgetStepSize, allowInfiniteEpsilon, eotSamples },
        checked,
        {
          classifier,
          inputs,
          labels,
          objective,
          targets: options.targets,
        },
      );
      const context = new SearchContext(prepared, options);
      try {
        const deltas = await search(prepared.problem, context);
        options.signal?.throwIfAborted();
        return tf.tidy(() => {
          const result = context.adversarial(deltas);
          for (const modality of Object.keys(result)) {
            if (result[modality] === inputs[modality]) result[modality] = tf.clone(result[modality]!);
          }
          return result;
        });
      } finally {
        context.dispose();
        prepared.dispose();
      }
    },
  };
}

/** Steps until a search first looks whether rows are done. */
const FIRST_LOOK = 2;
/** A batch shrinks by this share at least. */
const LEAST_SHARE = 1 / 4;
/** The steps to the next look are at most this share of those that are left. */
const LONGEST_WAIT = 1 / 4;

/** What a search works with. */
export class SearchContext {
  /** Draws of the call's seed. */
  readonly random: Random;
  /** Whether a row's first success ends its search: then searches let rows {@link stopFinished | go}. */
  readonly stopsWhenFooled: boolean;
  readonly #prepared: PreparedProblem;
  readonly #options: PerturbOptions;
  readonly #states: SearchState<object>[] = [];
  readonly #derived: SearchState<object>[] = [];
  /** What makes states anew when rows leave. */
  readonly #remake: (() => void)[] = [];
  /** The caller's inputs. */
  readonly #inputs: Modalities;
  readonly #departures: ActiveRows;
  /** Numbers that stand for the rows that are present in draws. */
  readonly #names: number[];
  /** Steps since the last look at which rows are done, and how many there shall be. */
  #unseen = 0;
  #wait = FIRST_LOOK;
  /** For each evaluation and attacked modality 0, or NaN if the gradient was not finite. */
  readonly #finite: tf.Scalar[][] = [];
  #lastTurn = performance.now();

  constructor(prepared: PreparedProblem, options: PerturbOptions) {
    const { inputs, labels } = prepared.problem;
    this.#prepared = prepared;
    this.#inputs = inputs;
    this.#options = options;
    this.#departures = new ActiveRows(labels.size);
    this.#names = [...(options.rows ?? this.rows)];
    this.random = randomOf(options.seed, this.#names);
    this.stopsWhenFooled = options.stopWhenFooled ?? false;
  }

  get #problem(): Problem {
    return this.#prepared.problem;
  }

  /** Indices in the batch of the rows that have not left it. */
  get rows(): readonly number[] {
    return this.#departures.active;
  }

  /**
   * A state that is freed when the attack ends, however it ends. The first axis of all its tensors is the batch: when
   * rows leave, it keeps the others.
   */
  state<T extends object>(make: () => T): SearchState<T> {
    const state = new SearchState(make);
    this.#states.push(state as unknown as SearchState<object>);
    return state;
  }

  /** As {@link state}, for what follows from the problem in another way than row by row: made again when rows leave. */
  stateFromProblem<T extends object>(make: () => T): SearchState<T> {
    const state = new SearchState(make);
    this.#derived.push(state as unknown as SearchState<object>);
    this.#remake.push(() => state.advance(make));
    return state;
  }

  /** To be awaited between steps: throws the signal's reason when the attack shall stop, and lets others have a turn. */
  async yieldToEventLoop(): Promise<void> {
    if (performance.now() - this.#lastTurn >= TURN) {
      await new Promise((resolve) => setTimeout(resolve));
      this.#lastTurn = performance.now();
    }
    this.#options.signal?.throwIfAborted();
  }

  /**
   * One forward and one backward pass. Notes gradients that are not finite for {@link checkFinite}. Call it inside a tidy.
   * @param only modalities whose gradient is computed, by default all; the backward pass runs through their branches only
   */
  evaluateGradient(
    deltas: readonly tf.Tensor2D[],
    objective?: MaximisedLoss,
    only?: readonly string[],
  ): GradientEvaluation {
    const evaluation = evaluateGradient(this.#problem, deltas, objective, only);
    this.#finite.push(evaluation.finite.map((sum) => tf.keep(sum)));
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
  async checkFinite(values: tf.Tensor | undefined, during: string): Promise<Float32Array> {
    const names = this.#problem.balls.flatMap(({ parts }) => parts.map(({ modality }) => modality));
    const sums = this.#finite.splice(0);
    let fetched: Float32Array;
    try {
      const all = tf.tidy(() =>
        tf.concat1d([
          ...sums.flat().map((sum) => tf.reshape<tf.Rank.R1>(sum, [1])),
          values ? tf.cast<tf.Tensor1D>(tf.reshape(values, [-1]), 'float32') : tf.tensor1d([]),
        ]),
      );
      fetched = (await all.data().finally(() => all.dispose())) as Float32Array;
    } finally {
      tf.dispose(sums);
    }
    const found = sums.map((_, i) => fetched.subarray(i * names.length, (i + 1) * names.length));
    const bad = names.filter((_, i) => found.some((step) => step[i] !== 0));
    if (bad.length > 0) {
      const step = 1 + found.findIndex((sum) => sum.some((value) => value !== 0));
      throw new GradientError(
        `The gradient with respect to ${bad.map(shown).join(', ')} has NaN or infinite entries, first in step ${step} of ${during}. The classifier or the loss overflows there, or divides by zero, or takes the root or logarithm of zero.`,
      );
    }
    return fetched.slice(sums.length * names.length);
  }

  /**
   * The place between two steps where rows that are done may leave the batch. Looks seldom: the first time after 2
   * steps, then after as many again if enough were done, else after twice as many, at most a quarter of the steps
   * that are left, and never if fewer are left. Rows leave when they are a quarter of the batch or more.
   * @param done 1 in rows whose search is over, `[rows]` or `[rows, 1]`
   * @param left steps that the search may still take
   * @param outcome what the search would return if it ended now; called inside a tidy
   * @returns whether the search goes on: not if all rows are done, which then stay for it to end as usual
   */
  async stopFinished(done: tf.Tensor, left: number, outcome: () => SearchResult): Promise<boolean> {
    this.#unseen++;
    if (this.#unseen < this.#wait || left < this.#wait) return true;
    this.#unseen = 0;
    const flags = [...(await done.data())].map((flag) => flag === 1);
    if (flags.every((flag) => flag)) return false;
    if (!this.removeRows(flags, outcome)) {
      this.#wait = Math.max(FIRST_LOOK, Math.min(2 * this.#wait, Math.ceil(LONGEST_WAIT * left)));
    }
    return true;
  }

  /**
   * Lets rows leave of which it is already known that they are done, if they are enough, but not all, and
   * {@link stopsWhenFooled}. Problem and states are then those of the others.
   * @returns whether they have left
   */
  removeRows(flags: readonly boolean[], outcome: () => SearchResult): boolean {
    const done = flags.filter((flag) => flag).length;
    if (!this.stopsWhenFooled || done === flags.length || done < Math.max(1, LEAST_SHARE * flags.length))
      return false;
    const staying = this.#departures.finish(this.#problem, flags, outcome);
    this.#names.splice(0, this.#names.length, ...staying.map((i) => this.#names[i]!));
    const rows = tf.tensor1d(staying, 'int32');
    try {
      for (const state of this.#states) state.takeRows(rows);
      this.#prepared.takeRows(rows);
    } finally {
      rows.dispose();
    }
    for (const remake of this.#remake) remake();
    return true;
  }

  /** The caller's whole batch with the perturbations of the rows that are present. Call it inside a tidy. */
  adversarial(deltas: readonly tf.Tensor2D[]): Modalities {
    return this.#departures.adversarial(this.#problem, this.#inputs, deltas);
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
        loss: raised.report(this.#departures.objective(objective), targeted),
        adversarial: this.adversarial(deltas),
      }),
    );
  }

  /** Frees everything that was held. */
  dispose(): void {
    for (const state of [...this.#states.splice(0), ...this.#derived.splice(0)]) state.dispose();
    this.#departures.dispose();
    tf.dispose(this.#finite.splice(0));
  }
}
