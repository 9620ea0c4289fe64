import * as tf from '@tensorflow/tfjs-core';
import type { Classifier, Modalities } from '../../classifier/classifier.js';
import type { Attack, PerturbOptions } from '../../search/attack.js';
import { checkedLogits, type Problem } from '../../search/evaluate.js';
import { takeRows } from '../../tensors/takeRows.js';
import { tidyObject } from '../../tensors/tidyObject.js';
import { disposeDerived, takeThreatModelRows } from '../../threatModel/ballSpecs.js';
import type { ThreatModel } from '../../threatModel/threatModel.js';
import { GradientProbe } from './gradientProbe.js';
import { LossTrace } from './lossTrace.js';

/** Makes an attack for a threat model. */
export type AttackMaker = (threatModel: ThreatModel) => Attack;

/** What the checks are told. */
export interface SubjectOptions {
  threatModel: ThreatModel;
  attack: AttackMaker;
  blackBox?: AttackMaker;
  adversarial?: Modalities;
  seed: number;
  signal?: AbortSignal;
}

/** Some samples of the batch, as a batch of their own. */
export interface Rows {
  inputs: Modalities;
  labels: tf.Tensor1D;
  /** With the vectors and masks of these samples. */
  threatModel: ThreatModel;
}

/** What became of the samples that are right without an attack. */
export interface Attacked {
  /** The attack's name. */
  name: string;
  /** Samples that are still right, by their rows in the batch. */
  robust: number[];
  /** All that were attacked, in the order of `subject.right`. */
  adversarial: Modalities;
  /** Loss per step and sample, in the order of `subject.right`, if the attack reported it. */
  losses?: Float32Array[];
  /** Samples by modality for which the gradient of the attack's own loss was 0 in its first step, if it followed one. */
  flat: { [modality: string]: number[] };
}

/** The attack could not be run. */
export class AttackFailure extends Error {
  override name = 'AttackFailure';
}

/** What the checks share: the batch, what the classifier says of it, and the attack's result, computed once. */
export class CheckContext {
  /** Classes that the classifier predicts without an attack. */
  readonly predicted: Int32Array;
  /** Rows of the samples that are right without an attack. */
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
    readonly options: SubjectOptions,
  ) {
    this.predicted = Int32Array.from({ length: this.samples }, (_, row) =>
      indexOfLargest(logits.subarray(row * classes, (row + 1) * classes)),
    );
    this.correct = [...this.predicted.keys()].filter((row) => this.predicted[row] === truth[row]);
  }

  /**
   * One forward pass.
   * @param largestLabel the largest of the labels
   * @throws {AttackInputError} when the classifier gives something else than logits for these classes
   */
  static async of(
    classifier: Classifier,
    inputs: Modalities,
    labels: tf.Tensor1D,
    largestLabel: Problem['largestLabel'],
    options: SubjectOptions,
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

  /** Logits of these inputs, read from the backend. */
  async logitsOf(inputs: Modalities): Promise<Float32Array> {
    const logits = tf.tidy(() => tf.cast(this.classifier(inputs), 'float32'));
    return (await logits.data().finally(() => logits.dispose())) as Float32Array;
  }

  /** Does something with some rows of the batch, and frees them. */
  async with<T>(rows: readonly number[], use: (part: Rows) => Promise<T>): Promise<T> {
    const { threatModel } = this.options;
    const part = tidyObject(() => {
      const places = tf.tensor1d([...rows], 'int32');
      return {
        inputs: takeRows(this.inputs, places),
        labels: tf.gather(this.labels, places),
        threatModel: takeThreatModelRows(threatModel, this.inputs, places),
      };
    });
    try {
      return await use(part);
    } finally {
      tf.dispose([part.labels, ...Object.values(part.inputs)]);
      disposeDerived(part.threatModel, threatModel);
    }
  }

  /**
   * Runs an attack on rows of the batch; the rows it doesn't fool.
   * @param change makes another threat model of theirs; what it holds beyond that is freed
   */
  async robustAgainst(
    rows: readonly number[],
    make: AttackMaker,
    change: (threatModel: ThreatModel) => ThreatModel = (same) => same,
  ): Promise<number[]> {
    if (rows.length === 0) return [];
    return this.with(rows, async ({ inputs, labels, threatModel }) => {
      const changed = change(threatModel);
      try {
        const attack = make(changed);
        const found = await attack.perturb(this.classifier, inputs, labels, this.#perturbOptions(rows));
        try {
          return await this.#unfooled(rows, found);
        } finally {
          tf.dispose(found);
        }
      } finally {
        disposeDerived(changed, threatModel);
      }
    });
  }

  /** Runs another attack on the samples that stand against the evaluation's own: how many fall, of how many. */
  async fooledBy(
    make: AttackMaker,
    change?: (threatModel: ThreatModel) => ThreatModel,
  ): Promise<{ name: string; fell: number; figures: { standing: number; fell: number } }> {
    const { robust, name } = await this.attacked();
    const left = await this.robustAgainst(robust, make, change);
    const fell = robust.length - left.length;
    return { name, fell, figures: { standing: robust.length, fell } };
  }

  /** The attack's result on the samples that are right, run at the first call. @throws {AttackFailure} */
  attacked(): Promise<Attacked> {
    this.#attacked ??= this.#attack().catch((error: unknown) => {
      if (this.options.signal?.aborted) throw error;
      throw new AttackFailure((error as Error)?.message ?? String(error), { cause: error });
    });
    return this.#attacked;
  }

  /** Frees what it holds. */
  dispose(): void {
    tf.dispose(this.#adversarial);
  }

  async #attack(): Promise<Attacked> {
    const { attack: make, adversarial } = this.options;
    return this.with(this.correct, async ({ inputs, labels, threatModel }) => {
      const attack = make(threatModel);
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
          robust: await this.#unfooled(this.correct, this.#adversarial),
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
    return { seed, rows, ...(signal && { signal }) };
  }

  async #unfooled(rows: readonly number[], inputs: Modalities): Promise<number[]> {
    const logits = await this.logitsOf(inputs);
    return rows.filter(
      (row, i) =>
        indexOfLargest(logits.subarray(i * this.classes, (i + 1) * this.classes)) === this.predicted[row],
    );
  }
}

/** Index of the largest value, the first of equal ones. */
function indexOfLargest(values: Float32Array): number {
  return values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
}
