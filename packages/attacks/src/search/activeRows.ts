import * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from '../classifier/classifier.js';
import { takeRows } from '../tensors/takeRows.js';
import { tidyObject } from '../tensors/tidyObject.js';
import { type Problem, perturbedInputs } from './evaluate.js';

/** Where some rows stand. */
export interface SearchResult {
  /** One matrix per ball, inside the threat model. */
  deltas: readonly tf.Tensor2D[];
  /** Of the objective, `[rows]`. */
  objective: tf.Tensor1D;
}

/** Rows as they were when they left. */
interface FinishedRows {
  /** Their indices in the batch. */
  rows: readonly number[];
  /** What is attacked, perturbed. */
  adversarial: Modalities;
  objective: tf.Tensor1D;
}

/** Which rows of a batch have left it, and where they stood. */
export class ActiveRows {
  readonly #finished: FinishedRows[] = [];
  #active: readonly number[];

  /** @param rows of the batch */
  constructor(rows: number) {
    this.#active = Array.from({ length: rows }, (_, row) => row);
  }

  /** Indices in the batch of the rows that are left. */
  get active(): readonly number[] {
    return this.#active;
  }

  /**
   * Notes where some rows stand that leave.
   * @param flags for each row that is present whether it leaves
   * @returns indices, among those that were present, of the rows that stay
   */
  finish(problem: Problem, flags: readonly boolean[], outcome: () => SearchResult): number[] {
    const indices = [...flags.keys()];
    const leaving = indices.filter((i) => flags[i]);
    const { adversarial, objective } = tidyObject(() => {
      const { deltas, objective } = outcome();
      return takeRows(
        { adversarial: attackedInputs(problem, deltas), objective },
        tf.tensor1d(leaving, 'int32'),
      );
    });
    this.#finished.push({ rows: leaving.map((i) => this.#active[i]!), adversarial, objective });
    const staying = indices.filter((i) => !flags[i]);
    this.#active = staying.map((i) => this.#active[i]!);
    return staying;
  }

  /** The whole batch: rows that are present as given, the others as they left. Call it inside a tidy. */
  adversarial(problem: Problem, inputs: Modalities, deltas: readonly tf.Tensor2D[]): Modalities {
    const whole = Object.entries(attackedInputs(problem, deltas)).map(([name, x]) => [
      name,
      this.#wholeBatch(x, ({ adversarial }) => adversarial[name]!),
    ]);
    return { ...inputs, ...Object.fromEntries(whole) };
  }

  /** The objective of the whole batch, of that of the rows that are present. Call it inside a tidy. */
  objective(present: tf.Tensor1D): tf.Tensor1D {
    return this.#wholeBatch(present, ({ objective }) => objective);
  }

  /** Frees what was noted. */
  dispose(): void {
    for (const { adversarial, objective } of this.#finished.splice(0)) tf.dispose([objective, adversarial]);
  }

  #wholeBatch<T extends tf.Tensor>(present: T, of: (departure: FinishedRows) => tf.Tensor): T {
    if (this.#finished.length === 0) return present;
    const rows = [...this.#active, ...this.#finished.flatMap((departure) => departure.rows)];
    const order = rows.map((_, row) => rows.indexOf(row));
    return tf.gather(tf.concat([present, ...this.#finished.map(of)]), tf.tensor1d(order, 'int32')) as T;
  }
}

/** The modalities of all balls, perturbed. */
function attackedInputs(problem: Problem, deltas: readonly tf.Tensor2D[]): Modalities {
  const all = perturbedInputs(problem, deltas);
  const names = problem.balls.flatMap(({ parts }) => parts.map(({ modality }) => modality));
  return Object.fromEntries(names.map((name) => [name, all[name]!]));
}
