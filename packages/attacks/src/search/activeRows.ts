import * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from '../classifier/classifier.js';
import { takeRows } from '../tensors/takeRows.js';
import { tidyObject } from '../tensors/tidyObject.js';
import type { PerturbOptions } from './attack.js';
import { perturbedInputs } from './evaluate.js';
import type { PreparedProblem } from './preparedProblem.js';
import type { Problem } from './problem.js';
import type { Scratch } from './scratch.js';

/** What a search returns for some rows. */
export interface SearchResult {
  /** One matrix per ball, inside the threat model. */
  deltas: readonly tf.Tensor2D[];
  /** The loss that the attack maximises, `[rows]`. */
  loss: tf.Tensor1D;
}

/** The results of rows whose search is over. */
interface FinishedRows {
  /** Their indices in the batch. */
  rows: readonly number[];
  /** The attacked modalities, perturbed. */
  adversarial: Modalities;
  loss: tf.Tensor1D;
}

/** Steps until a search first reads back which rows are finished. */
const FIRST_CHECK = 2;
/** A batch shrinks by this share at least: on some backends each new batch size costs a compilation. */
const MIN_SHARE = 1 / 4;
/** The next check comes after at most this share of the steps that are left. */
const MAX_WAIT = 1 / 4;

/**
 * Early stopping. Rows whose search is over are finished: their results are put aside, and problem, states and random
 * draws continue with the active rows alone. Which rows are finished is known to the backend only, and reading it back
 * waits for all queued work, so checks become rarer as long as they change nothing.
 */
export class ActiveRows {
  /** Whether the first success of a row ends its search. */
  readonly stopWhenFooled: boolean;
  /** For each active row the number that its random draws depend on; changed in place. */
  readonly drawNumbers: number[];
  readonly #prepared: PreparedProblem;
  readonly #scratch: Scratch;
  /** The whole batch, as the caller gave it. */
  readonly #inputs: Modalities;
  readonly #finished: FinishedRows[] = [];
  #active: readonly number[];
  #stepsSinceCheck = 0;
  #wait = FIRST_CHECK;

  constructor(prepared: PreparedProblem, scratch: Scratch, { rows, stopWhenFooled = false }: PerturbOptions) {
    const { inputs, labels } = prepared.problem;
    this.#prepared = prepared;
    this.#scratch = scratch;
    this.#inputs = inputs;
    this.#active = Array.from({ length: labels.shape[0] }, (_, row) => row);
    this.drawNumbers = [...(rows ?? this.#active)];
    this.stopWhenFooled = stopWhenFooled;
  }

  /** The whole batch, as the caller gave it. */
  get inputs(): Modalities {
    return this.#inputs;
  }

  /** Indices in the batch of the rows that are still searched. */
  get active(): readonly number[] {
    return this.#active;
  }

  /**
   * Removes finished rows between two steps. To be called after each step. Reads the flags back after 2 steps, then after 2
   * more as long as rows are removed, else after twice as many as before, at most a quarter of the steps that are left, and
   * not at all if fewer are left.
   * @param finished 1 in rows whose search is over, `[rows]` or `[rows, 1]`
   * @param left steps that the search may still take
   * @param result what the search would return if it ended now; called inside a tidy
   * @returns whether all rows are finished, so that the search has to end; they stay active for that
   */
  async stopFinished(finished: tf.Tensor, left: number, result: () => SearchResult): Promise<boolean> {
    this.#stepsSinceCheck++;
    if (this.#stepsSinceCheck < this.#wait || left < this.#wait) return false;
    this.#stepsSinceCheck = 0;
    const flags = [...(await finished.data())].map((flag) => flag === 1);
    if (flags.every((flag) => flag)) return true;
    if (!this.remove(flags, result)) {
      this.#wait = Math.max(FIRST_CHECK, Math.min(2 * this.#wait, Math.ceil(MAX_WAIT * left)));
    }
    return false;
  }

  /**
   * Removes rows that are known to be finished from the batch, if {@link stopWhenFooled} is set and they are a quarter of
   * it or more, but not all.
   * @param finished for each active row whether its search is over
   * @param result what the search would return if it ended now; called inside a tidy
   * @returns whether they were removed
   */
  remove(finished: readonly boolean[], result: () => SearchResult): boolean {
    const count = finished.filter((flag) => flag).length;
    if (!this.stopWhenFooled || count === finished.length) return false;
    if (count < Math.max(1, MIN_SHARE * finished.length)) return false;
    const staying = this.#finish(finished, result);
    this.drawNumbers.splice(0, this.drawNumbers.length, ...staying.map((i) => this.drawNumbers[i]!));
    const rows = tf.tensor1d(staying, 'int32');
    try {
      this.#scratch.takeRows(rows);
      this.#prepared.takeRows(rows);
    } finally {
      rows.dispose();
    }
    this.#scratch.rebuild();
    return true;
  }

  /** The whole batch, with these perturbations of the active rows. Call it inside a tidy. */
  adversarial(deltas: readonly tf.Tensor2D[]): Modalities {
    const whole = Object.entries(attackedInputs(this.#prepared.problem, deltas)).map(([name, x]) => [
      name,
      this.#wholeBatch(x, ({ adversarial }) => adversarial[name]!),
    ]);
    return { ...this.#inputs, ...Object.fromEntries(whole) };
  }

  /** The loss of the whole batch, from that of the active rows. Call it inside a tidy. */
  loss(active: tf.Tensor1D): tf.Tensor1D {
    return this.#wholeBatch(active, ({ loss }) => loss);
  }

  /** Frees the results of finished rows. */
  dispose(): void {
    for (const { adversarial, loss } of this.#finished.splice(0)) tf.dispose([loss, adversarial]);
  }

  /** Puts the results of finished rows aside. Returns the indices, among the active rows, of those that stay. */
  #finish(flags: readonly boolean[], result: () => SearchResult): number[] {
    const indices = [...flags.keys()];
    const finished = indices.filter((i) => flags[i]);
    const { adversarial, loss } = tidyObject(() => {
      const { deltas, loss } = result();
      const whole = { adversarial: attackedInputs(this.#prepared.problem, deltas), loss };
      return takeRows(whole, tf.tensor1d(finished, 'int32'));
    });
    this.#finished.push({ rows: finished.map((i) => this.#active[i]!), adversarial, loss });
    const staying = indices.filter((i) => !flags[i]);
    this.#active = staying.map((i) => this.#active[i]!);
    return staying;
  }

  #wholeBatch<T extends tf.Tensor>(active: T, of: (finished: FinishedRows) => tf.Tensor): T {
    if (this.#finished.length === 0) return active;
    const rows = [...this.#active, ...this.#finished.flatMap((finished) => finished.rows)];
    const order = rows.map((_, row) => rows.indexOf(row));
    return tf.gather(tf.concat([active, ...this.#finished.map(of)]), tf.tensor1d(order, 'int32')) as T;
  }
}

/** The modalities of all balls, perturbed. */
function attackedInputs(problem: Problem, deltas: readonly tf.Tensor2D[]): Modalities {
  const all = perturbedInputs(problem, deltas);
  const names = problem.balls.flatMap(({ parts }) => parts.map(({ modality }) => modality));
  return Object.fromEntries(names.map((name) => [name, all[name]!]));
}
