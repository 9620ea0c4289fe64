import * as tf from '@tensorflow/tfjs-core';
import { GradientError } from '../errors.js';
import type { MaximisedLoss } from '../losses/attackLoss.js';
import { tidyObject } from '../tensors/tidyObject.js';
import type { ActiveRows } from './activeRows.js';
import type { AttackStep, PerturbOptions } from './attack.js';
import { evaluateGradient, type GradientEvaluation } from './evaluate.js';
import type { Problem } from './problem.js';

/** Milliseconds after which the event loop gets a turn, so that timers, signals and pages stay responsive. */
const TURN = 30;

/** A gradient that was evaluated, and whether it was finite. */
interface Evaluated {
  /** For each modality and row 0, or NaN. */
  finite: tf.Tensor1D;
  /** Indices in the batch of the rows. */
  rows: readonly number[];
  /** The step that it was evaluated for, known when the step is reported. */
  at?: { step: number; restart: number };
}

/** What a {@link Monitor} needs of the options of `perturb`. */
type MonitorOptions = Pick<PerturbOptions, 'onStep' | 'signal' | 'onNonFinite' | 'onSkipped'>;

/**
 * Watches over a search: lets the event loop run, stops on the caller's signal, notices gradients that are not finite, and
 * reports steps to the caller. Gradients are checked on the backend. The results are read back without waiting for them, so
 * that an attack whose backend works in the background never stops for the check, and one whose backend doesn't ends in
 * the step after the one that went wrong.
 */
export class Monitor {
  readonly #problem: Problem;
  readonly #rows: ActiveRows;
  readonly #options: MonitorOptions;
  /** Evaluations that are not read back yet. */
  #evaluated: Evaluated[] = [];
  /** The reading under way. */
  #reading: Promise<void> | undefined;
  #failure: unknown;
  /** Indices in the batch of rows whose gradient was not finite. */
  readonly #skipped = new Set<number>();
  /** The last step that was reported. */
  #at = { step: 1, restart: 1 };
  #lastTurn = performance.now();

  constructor(problem: Problem, rows: ActiveRows, options: MonitorOptions) {
    this.#problem = problem;
    this.#rows = rows;
    this.#options = options;
  }

  /** Indices in the batch of the rows that are skipped, as their gradient was not finite. */
  get skipped(): readonly number[] {
    return [...this.#skipped];
  }

  /**
   * To be awaited between steps: throws the signal's reason when the attack was stopped, or an error when the classifier's
   * first outputs are probabilities or a gradient was not finite, and lets other code run.
   */
  async yieldToEventLoop(): Promise<void> {
    if (performance.now() - this.#lastTurn >= TURN) {
      await new Promise((resolve) => setTimeout(resolve));
      this.#lastTurn = performance.now();
    }
    this.#options.signal?.throwIfAborted();
    await this.#problem.firstOutputs.check();
    if (this.#failure) throw this.#failure;
  }

  /**
   * One forward and one backward pass, whose gradients are checked. Call it inside a tidy.
   * @param only modalities whose gradient is computed, by default all; the backward pass runs through their branches only
   */
  evaluateGradient(
    deltas: readonly tf.Tensor2D[],
    loss?: MaximisedLoss,
    only?: readonly string[],
  ): GradientEvaluation {
    const evaluation = evaluateGradient(this.#problem, deltas, loss, only);
    this.#evaluated.push({
      finite: tf.keep(tf.clone(evaluation.finite)),
      rows: this.#rows.active,
    });
    return evaluation;
  }

  /**
   * Waits for the checks of all gradients so far, and reads values back. To be called about once a restart.
   * @param values what the search needs to know
   * @throws {GradientError} when a gradient was not finite
   */
  async checkFinite(values?: tf.Tensor): Promise<Float32Array> {
    while (this.#reading || this.#evaluated.length > 0) await (this.#reading ?? this.#read());
    if (this.#failure) throw this.#failure;
    return values ? Float32Array.from(await values.data()) : new Float32Array();
  }

  /**
   * Reports a step to the caller's onStep, if there is one, and starts to read back whether its gradients were finite.
   * @param deltas where the step led
   * @param loss the loss where the step started
   * @param targeted whether the loss is that of a search for given classes; by default if the caller gave targets
   */
  async report(
    at: Pick<AttackStep, 'step' | 'steps' | 'restart' | 'restarts'>,
    deltas: readonly tf.Tensor2D[],
    loss: tf.Tensor1D,
    targeted: boolean = this.#problem.targets !== undefined,
  ): Promise<void> {
    this.#at = { step: at.step, restart: at.restart };
    for (const one of this.#evaluated) one.at ??= this.#at;
    // One reading at a time: a backend that works in the background may be steps behind.
    if (!this.#reading) void this.#read();
    const { onStep } = this.#options;
    if (!onStep) return;
    const shown = tidyObject(() => ({
      loss: this.#problem.loss.report(this.#rows.loss(loss), targeted),
      adversarial: this.#rows.adversarial(deltas),
    }));
    try {
      await onStep({ ...at, ...shown });
    } finally {
      // Inputs that the attack doesn't change are the caller's own tensors.
      const given = Object.values(this.#rows.inputs);
      tf.dispose([shown.loss, ...Object.values(shown.adversarial).filter((x) => !given.includes(x))]);
    }
  }

  /** Waits for the reading under way, and frees what was not checked. */
  async close(): Promise<void> {
    await this.#reading;
    tf.dispose(this.#evaluated.splice(0).map(({ finite }) => finite));
  }

  /** Reads back what was evaluated so far. Never rejects: errors are kept for the next call that can throw them. */
  #read(): Promise<void> {
    const evaluated = this.#evaluated;
    this.#evaluated = [];
    const read = async () => {
      for (const one of evaluated) {
        try {
          this.#inspect(one, await one.finite.data());
        } catch (error) {
          this.#failure ??= error;
        } finally {
          one.finite.dispose();
        }
      }
    };
    const reading = read().then(() => {
      this.#reading = undefined;
    });
    this.#reading = reading;
    return reading;
  }

  #inspect({ rows, at = this.#at }: Evaluated, finite: ArrayLike<number>): void {
    const names = this.#problem.balls.flatMap(({ parts }) => parts.map(({ modality }) => modality));
    const badRowsOf = (i: number) => rows.filter((_, k) => finite[i * rows.length + k] !== 0);
    const bad = names
      .map((modality, i) => ({ modality, rows: badRowsOf(i) }))
      .filter((one) => one.rows.length > 0);
    if (bad.length === 0) return;
    if (this.#options.onNonFinite !== 'skip') {
      const all = [...new Set(bad.flatMap((one) => one.rows))].sort((a, b) => a - b);
      throw new GradientError({ rows: all, modalities: bad.map(({ modality }) => modality), ...at });
    }
    const before = new Set(this.#skipped);
    for (const one of bad) {
      const fresh = one.rows.filter((row) => !before.has(row));
      for (const row of fresh) this.#skipped.add(row);
      if (fresh.length > 0) this.#options.onSkipped?.(fresh, one.modality, at.step);
    }
  }
}
