import * as tf from '@tensorflow/tfjs-core';
import type { Classifier, Modalities } from '../classifier/classifier.js';
import { type SharedBranches, shareBranches } from '../classifier/sharingBranches.js';
import { maximisedLossOf } from '../losses/attackLoss.js';
import { takeRows } from '../tensors/takeRows.js';
import { tidyObject } from '../tensors/tidyObject.js';
import { disposeDerived, takeThreatModelRows } from '../threatModel/ballSpecs.js';
import { attackedModalities, type ThreatModel } from '../threatModel/threatModel.js';
import type { Attack, PerturbOptions } from './attack.js';
import { evaluateLoss, fooled, type Problem } from './evaluate.js';
import { SearchState } from './searchState.js';
import { checkBatch } from './validation.js';

/** How each of some rows stands. */
export interface RowResults {
  /** Whether the classifier gets the row wrong, or predicts its target. */
  fooled: boolean[];
  /** By how much a wrong class wins, or the target does: above 0 where fooled. */
  margin: number[];
}

/** What an attack made of some rows of the batch. The caller disposes `adversarial`. */
export interface AttackedRows extends RowResults {
  /** The rows' indices in the batch. */
  rows: readonly number[];
  /** The rows, perturbed. */
  adversarial: Modalities;
}

/**
 * A batch on which other attacks are run, whole or in parts, and the best point known for each of its rows, which at
 * first is the clean one. Rows that are done can leave: what a run does to a row does not depend on the others in it.
 */
export class BatchAttack implements RowResults {
  /** Indices of all rows. */
  readonly rows: readonly number[];
  readonly fooled: boolean[];
  /** Minus infinity as long as nothing is known of a row. */
  readonly margin: number[];
  readonly #problem: Problem;
  readonly #options: PerturbOptions;
  /** The problem's classifier: what runs leave alone is computed once for all of them. */
  readonly #branches: SharedBranches;
  readonly #points: SearchState<Modalities>;

  private constructor(problem: Problem, attacked: Iterable<string>, options: PerturbOptions) {
    this.rows = Array.from({ length: problem.labels.shape[0] }, (_, row) => row);
    this.fooled = this.rows.map(() => false);
    this.margin = this.rows.map(() => -Infinity);
    this.#branches = shareBranches(problem.classifier);
    this.#problem = { ...problem, classifier: this.#branches.classifier };
    this.#options = options;
    this.#points = new SearchState(() =>
      Object.fromEntries([...attacked].map((name) => [name, tf.clone(problem.inputs[name]!)])),
    );
  }

  /**
   * Checks a batch against all threat models that it will be attacked in.
   * @throws {AttackInputError} {@link AttackInputError}, {@link ThreatModelError} or {@link AttackOptionsError} when they don't fit
   */
  static async create(
    threatModels: readonly ThreatModel[],
    classifier: Classifier,
    inputs: Modalities,
    labels: tf.Tensor1D,
    options: PerturbOptions = {},
  ): Promise<BatchAttack> {
    options.signal?.throwIfAborted();
    let largestLabel: Problem['largestLabel'] = { name: 'label', value: 0 };
    for (const threatModel of threatModels) {
      const checked = await checkBatch(threatModel, inputs, labels, false, options);
      tf.dispose(checked.masks);
      largestLabel = checked.largestLabel;
    }
    const problem: Problem = {
      classifier,
      inputs,
      balls: [],
      objective: maximisedLossOf('cw'),
      observedClean: {},
      eotSamples: 1,
      labels: tf.cast(labels, 'int32'),
      targets: options.targets && tf.cast(options.targets, 'int32'),
      largestLabel,
    };
    return new BatchAttack(problem, new Set(threatModels.flatMap(attackedModalities)), options);
  }

  /**
   * Finds out how the rows stand at the clean inputs: one forward pass.
   * @returns the number of classes
   */
  async evaluateClean(): Promise<number> {
    const { fooled, margin, classes } = await evaluateRows(this.#problem, this.#problem.inputs);
    for (const row of this.rows) {
      this.fooled[row] = fooled[row]!;
      this.margin[row] = margin[row]!;
    }
    return classes;
  }

  /**
   * Runs an attack on some rows, with the draws that they would have in the whole batch; one more forward pass judges it.
   * @param threatModel for the whole batch
   * @param attack makes the attack for the threat model of the rows, whose vectors have one entry for each of them
   */
  async attackRows(
    rows: readonly number[],
    threatModel: ThreatModel,
    attack: (threatModel: ThreatModel) => Attack,
  ): Promise<AttackedRows> {
    const { seed, signal, stopWhenFooled } = this.#options;
    signal?.throwIfAborted();
    const { problem, threatModel: own, dispose } = this.#takeRows(rows, threatModel);
    const { classifier, inputs, labels, targets } = problem;
    try {
      const names = rows.map((row) => this.#options.rows?.[row] ?? row);
      const adversarial = await attack(own).perturb(classifier, inputs, labels, {
        targets,
        seed,
        rows: names,
        stopWhenFooled,
        signal,
      });
      try {
        const { fooled, margin } = await evaluateRows(problem, adversarial);
        return { rows, adversarial, fooled, margin };
      } catch (error) {
        tf.dispose(adversarial);
        throw error;
      }
    } finally {
      dispose();
    }
  }

  /** Indices of the rows that are not fooled. */
  get robustRows(): number[] {
    return this.rows.filter((row) => !this.fooled[row]);
  }

  /** Whether a run's row, its index in the batch and in the run, is better for the attack than what is held. */
  improves(run: AttackedRows, row: number, index: number): boolean {
    return run.fooled[index]! || run.margin[index]! > this.margin[row]!;
  }

  /** As {@link keep}, and frees the run's tensors. */
  keepAndDispose(run: AttackedRows, chosen: (row: number, index: number) => boolean): void {
    try {
      this.keep(run, chosen);
    } finally {
      tf.dispose(run.adversarial);
    }
  }

  /** Takes over those rows of a run for which `chosen` says so; told the row's index in the batch and in the run. */
  keep(run: AttackedRows, chosen: (row: number, index: number) => boolean): void {
    const sources = [...this.rows];
    run.rows.forEach((row, i) => {
      if (!chosen(row, i)) return;
      sources[row] = this.rows.length + i;
      this.fooled[row] = run.fooled[i]!;
      this.margin[row] = run.margin[i]!;
    });
    if (sources.every((source, row) => source === row)) return;
    this.#points.advance((points) => {
      const order = tf.tensor1d(sources, 'int32');
      return Object.fromEntries(
        Object.entries(points).map(([name, held]) => [
          name,
          tf.gather(tf.concat([held, run.adversarial[name]!]), order),
        ]),
      );
    });
  }

  /** The points held, of each attacked modality: they live until the next {@link keep}. */
  get points(): Modalities {
    return this.#points.value;
  }

  /** The points held, every modality of the inputs, as new tensors. */
  adversarial(): Modalities {
    return tf.tidy(() =>
      Object.fromEntries(
        Object.entries({ ...this.#problem.inputs, ...this.#points.value }).map(([name, point]) => [
          name,
          tf.clone(point),
        ]),
      ),
    );
  }

  /** Tells the caller's onStep, if there is one, where the rows stand. */
  report(step: number, steps: number): void {
    const { onStep } = this.#options;
    if (!onStep) return;
    tf.tidy(() =>
      onStep({
        step,
        steps,
        restart: 1,
        restarts: 1,
        loss: tf.tensor1d(this.margin),
        adversarial: this.adversarial(),
      }),
    );
  }

  /** Frees all of it. */
  dispose(): void {
    this.#branches.classifier.dispose();
    this.#points.dispose();
    this.#problem.labels.dispose();
    this.#problem.targets?.dispose();
  }

  /** The rows alone, and what frees them. */
  #takeRows(rows: readonly number[], threatModel: ThreatModel) {
    const { inputs, labels, targets } = this.#problem;
    if (rows.length === this.rows.length) return { problem: this.#problem, threatModel, dispose: () => {} };
    const { own, order, ...part } = tidyObject(() => {
      const order = tf.tensor1d([...rows], 'int32');
      return {
        ...takeRows({ inputs, labels, targets }, order),
        own: takeThreatModelRows(threatModel, inputs, order),
        order,
      };
    });
    return {
      problem: { ...this.#problem, ...part, classifier: this.#branches.ofRows(inputs, order) },
      threatModel: own,
      dispose: () => {
        tf.dispose([part.inputs, part.labels, order]);
        part.targets?.dispose();
        disposeDerived(own, threatModel);
      },
    };
  }
}

async function evaluateRows(problem: Problem, inputs: Modalities): Promise<RowResults & { classes: number }> {
  let classes = 0;
  const both = tf.tidy(() => {
    const { logits, objective } = evaluateLoss(problem, inputs);
    classes = logits.shape[1];
    return tf.concat1d([fooled(problem, logits), objective]);
  });
  try {
    const values = [...(await both.data())];
    const rows = values.length / 2;
    return { fooled: values.slice(0, rows).map((flag) => flag === 1), margin: values.slice(rows), classes };
  } finally {
    both.dispose();
  }
}
