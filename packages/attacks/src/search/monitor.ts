import { formatValue } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { GradientError } from '../errors.js';
import type { MaximisedLoss } from '../losses/attackLoss.js';
import type { ActiveRows } from './activeRows.js';
import type { AttackStep, PerturbOptions } from './attack.js';
import { evaluateGradient, type GradientEvaluation } from './evaluate.js';
import type { Problem } from './problem.js';

/** Milliseconds after which the event loop gets a turn, so that timers, signals and pages stay responsive. */
const TURN = 30;

/**
 * Watches over a search: lets the event loop run, stops on the caller's signal, notices gradients that are not finite, and
 * reports steps to the caller. Gradients are checked on the backend and the results are read back rarely, since each
 * transfer waits for all queued work.
 */
export class Monitor {
  readonly #problem: Problem;
  readonly #rows: ActiveRows;
  readonly #options: Pick<PerturbOptions, 'onStep' | 'signal'>;
  /** For each evaluation and attacked modality 0, or NaN if the gradient was not finite. */
  readonly #finite: tf.Scalar[][] = [];
  #lastTurn = performance.now();

  constructor(problem: Problem, rows: ActiveRows, options: Pick<PerturbOptions, 'onStep' | 'signal'>) {
    this.#problem = problem;
    this.#rows = rows;
    this.#options = options;
  }

  /**
   * To be awaited between steps: throws the signal's reason when the attack was stopped, or an error when the classifier's
   * first outputs are probabilities, and lets other code run.
   */
  async yieldToEventLoop(): Promise<void> {
    if (performance.now() - this.#lastTurn >= TURN) {
      await new Promise((resolve) => setTimeout(resolve));
      this.#lastTurn = performance.now();
    }
    this.#options.signal?.throwIfAborted();
    await this.#problem.firstOutputs.check();
  }

  /**
   * One forward and one backward pass, whose gradients the next {@link checkFinite} checks. Call it inside a tidy.
   * @param only modalities whose gradient is computed, by default all; the backward pass runs through their branches only
   */
  evaluateGradient(
    deltas: readonly tf.Tensor2D[],
    loss?: MaximisedLoss,
    only?: readonly string[],
  ): GradientEvaluation {
    const evaluation = evaluateGradient(this.#problem, deltas, loss, only);
    this.#finite.push(evaluation.finite.map((sum) => tf.keep(sum)));
    return evaluation;
  }

  /**
   * Checks the gradients since the last call, and reads values back in the same transfer. To be called about once a restart.
   * @param values what the search needs to know
   * @param during what the search was doing, for the message: 'restart 2'
   * @throws {GradientError} when a gradient was not finite
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
    const steps = sums.map((_, i) => fetched.subarray(i * names.length, (i + 1) * names.length));
    const bad = names.filter((_, i) => steps.some((step) => step[i] !== 0));
    if (bad.length > 0) {
      const first = 1 + steps.findIndex((step) => step.some((value) => value !== 0));
      throw new GradientError(
        `gradient of ${bad.map(formatValue).join(', ')}: got NaN or infinite entries, first in step ${first} of ${during}; expected finite numbers. The classifier or the loss overflows there, divides by zero, or takes the root or logarithm of zero.`,
      );
    }
    return fetched.slice(sums.length * names.length);
  }

  /**
   * Reports a step to the caller's onStep, if there is one.
   * @param deltas where the step led
   * @param loss the loss where the step started
   * @param targeted whether the loss is that of a search for given classes; by default if the caller gave targets
   */
  report(
    at: Pick<AttackStep, 'step' | 'steps' | 'restart' | 'restarts'>,
    deltas: readonly tf.Tensor2D[],
    loss: tf.Tensor1D,
    targeted: boolean = this.#problem.targets !== undefined,
  ): void {
    const { onStep } = this.#options;
    if (!onStep) return;
    tf.tidy(() =>
      onStep({
        ...at,
        loss: this.#problem.loss.report(this.#rows.loss(loss), targeted),
        adversarial: this.#rows.adversarial(deltas),
      }),
    );
  }

  /** Frees what was not checked. */
  dispose(): void {
    tf.dispose(this.#finite.splice(0));
  }
}
