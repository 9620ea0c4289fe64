import * as tf from '@tensorflow/tfjs-core';
import type { Classifier, Modalities } from '../../classifier/classifier.js';
import type { AttackFactory, PerturbOptions } from '../../search/attack.js';
import { checkedLogits } from '../../search/evaluate.js';
import type { Problem } from '../../search/problem.js';
import { takeRows } from '../../tensors/takeRows.js';
import { tidyObject } from '../../tensors/tidyObject.js';
import { disposeDerived, takeThreatModelRows } from '../../threatModel/ballSpecs.js';
import type { ThreatModel } from '../../threatModel/threatModel.js';
import { GradientProbe } from './gradientProbe.js';
import { LossTrace } from './lossTrace.js';

/** The options of {@link checkEvaluation} that checks use. */
export interface CheckContextOptions {
  threatModel: ThreatModel;
  attack: AttackFactory;
  blackBox?: AttackFactory;
  adversarial?: Modalities;
  seed: number;
  signal?: AbortSignal;
  /** Whether some of the checks need the attack's result. If not, the attack is not run. */
  needsAttack: boolean;
}

/** Some rows of the batch as a batch. */
export interface RowBatch {
  inputs: Modalities;
  labels: tf.Tensor1D;
  /** With the vectors and masks of these rows. */
  threatModel: ThreatModel;
}

/** The result of the attack on the samples that are classified correctly without an attack. */
export interface Attacked {
  /** The attack's name. */
  name: string;
  /** Rows of the batch that are still classified correctly. */
  robust: number[];
  /** All attacked samples, in the order of `context.correct`. */
  adversarial: Modalities;
  /** Loss per step and sample, in the order of `context.correct`, if the attack reported it. */
  losses?: Float32Array[];
  /** By modality the samples for which the gradient of the attack's loss was 0 in its first step, if it computed one. */
  flat: { [modality: string]: number[] };
}

/** The attack failed. */
export class AttackFailure extends Error {
  override name = 'AttackFailure';
}

/** What all checks share: the batch, the classifier's clean predictions, and the attack's result, computed once. */
export class CheckContext {
  /** The classes predicted without an attack. */
  readonly predicted: Int32Array;
  /** Rows of the batch that are classified correctly without an attack. */
  readonly correct: readonly number[];
  #attacked: Promise<Attacked> | undefined;
  #adversarial: Modalities = {};

  private constructor(
    readonly classifier: Classifier,
    readonly inputs: Modalities,
    readonly labels: tf.Tensor1D,
    /** Clean logits, row after row. */
    readonly logits: Float32Array,
    readonly classes: number,
    truth: ArrayLike<number>,
    readonly options: CheckContextOptions,
  ) {
    this.predicted = Int32Array.from({ length: this.samples }, (_, row) =>
      indexOfLargest(logits.subarray(row * classes, (row + 1) * classes)),
    );
    this.correct = [...this.predicted.keys()].filter((row) => this.predicted[row] === truth[row]);
  }

  /**
   * Computes the clean logits, one forward pass.
   * @param largestLabel the largest of the labels
   * @throws {AttackInputError} when the classifier's output isn't logits for these classes
   */
  static async create(
    classifier: Classifier,
    inputs: Modalities,
    labels: tf.Tensor1D,
    largestLabel: Problem['largestLabel'],
    options: CheckContextOptions,
  ): Promise<CheckContext> {
    const logits = tf.tidy(() => classifier(inputs));
    try {
      const [, classes] = checkedLogits({ labels, largestLabel }, logits).shape;
      const [values, truth] = await Promise.all([logits.data(), labels.data()]);
      return new CheckContext(classifier, inputs, labels, values as Float32Array, classes, truth, options);
    } finally {
      logits.dispose();
    }
  }

  /** Number of samples in the batch. */
  get samples(): number {
    return this.labels.shape[0];
  }

  /** The logits of these inputs, read from the backend. */
  async logitsOf(inputs: Modalities): Promise<Float32Array> {
    const logits = tf.tidy(() => tf.cast(this.classifier(inputs), 'float32'));
    return (await logits.data().finally(() => logits.dispose())) as Float32Array;
  }

  /** The classes that are predicted for these inputs. */
  async predictionsOf(inputs: Modalities): Promise<number[]> {
    const logits = await this.logitsOf(inputs);
    return Array.from({ length: logits.length / this.classes }, (_, row) =>
      indexOfLargest(logits.subarray(row * this.classes, (row + 1) * this.classes)),
    );
  }

  /** Calls a function with some rows of the batch, and frees them afterwards. */
  async withRows<T>(rows: readonly number[], use: (batch: RowBatch) => Promise<T>): Promise<T> {
    const { threatModel } = this.options;
    const batch = tidyObject(() => {
      const indices = tf.tensor1d([...rows], 'int32');
      return {
        inputs: takeRows(this.inputs, indices),
        labels: tf.gather(this.labels, indices),
        threatModel: takeThreatModelRows(threatModel, this.inputs, indices),
      };
    });
    try {
      return await use(batch);
    } finally {
      tf.dispose([batch.labels, ...Object.values(batch.inputs)]);
      disposeDerived(batch.threatModel, threatModel);
    }
  }

  /**
   * Runs an attack on rows of the batch.
   * @param change makes another threat model from that of the rows; its new tensors are freed
   * @returns the rows that the attack doesn't fool
   */
  async robustAgainst(
    rows: readonly number[],
    factory: AttackFactory,
    change: (threatModel: ThreatModel) => ThreatModel = (same) => same,
  ): Promise<number[]> {
    if (rows.length === 0) return [];
    return this.withRows(rows, async ({ inputs, labels, threatModel }) => {
      const changed = change(threatModel);
      try {
        const attack = factory(changed);
        const found = await attack.perturb(this.classifier, inputs, labels, this.#perturbOptions(rows));
        try {
          return await this.#robustRows(rows, found);
        } finally {
          tf.dispose(found);
        }
      } finally {
        disposeDerived(changed, threatModel);
      }
    });
  }

  /** Runs another attack on the samples that are robust to the evaluation's attack, and counts how many it fools. */
  async fooledBy(
    factory: AttackFactory,
    change?: (threatModel: ThreatModel) => ThreatModel,
  ): Promise<{ name: string; fooled: number; figures: { robust: number; fooled: number } }> {
    const { robust, name } = await this.attacked();
    const stillRobust = await this.robustAgainst(robust, factory, change);
    const fooled = robust.length - stillRobust.length;
    return { name, fooled, figures: { robust: robust.length, fooled } };
  }

  /** The attack's result on the correct samples. The first call runs the attack. @throws {AttackFailure} */
  attacked(): Promise<Attacked> {
    this.#attacked ??= this.#attack().catch((error: unknown) => {
      if (this.options.signal?.aborted) throw error;
      throw new AttackFailure((error as Error)?.message ?? String(error), { cause: error });
    });
    return this.#attacked;
  }

  /** Frees the attack's result. */
  dispose(): void {
    tf.dispose(this.#adversarial);
  }

  async #attack(): Promise<Attacked> {
    const { attack: factory, adversarial } = this.options;
    return this.withRows(this.correct, async ({ inputs, labels, threatModel }) => {
      const attack = factory(threatModel);
      const rows = this.correct.length;
      const probe = new GradientProbe(this.classifier, Object.keys(inputs), rows);
      const trace = new LossTrace(rows);
      try {
        this.#adversarial = adversarial
          ? tidyObject(() => takeRows(adversarial, tf.tensor1d([...this.correct], 'int32')))
          : await attack.perturb(probe.classifier, inputs, labels, {
              ...this.#perturbOptions(this.correct),
              onStep: (step) => trace.add(step),
            });
        return {
          name: attack.name,
          robust: await this.#robustRows(this.correct, this.#adversarial),
          adversarial: this.#adversarial,
          losses: await trace.read(),
          flat: await probe.flat(),
        };
      } finally {
        probe.dispose();
        trace.dispose();
      }
    });
  }

  #perturbOptions(rows: readonly number[]): PerturbOptions {
    const { seed, signal } = this.options;
    // That the outputs are probabilities is a finding here, not an error.
    return { seed, rows, allowProbabilities: true, ...(signal && { signal }) };
  }

  async #robustRows(rows: readonly number[], inputs: Modalities): Promise<number[]> {
    const classes = await this.predictionsOf(inputs);
    return rows.filter((row, i) => classes[i] === this.predicted[row]);
  }
}

/** Index of the largest value, the first of equal ones. */
function indexOfLargest(values: Float32Array): number {
  return values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
}
