import * as tf from '@tensorflow/tfjs-core';
import type { Classifier, FrozenClassifier, Modalities } from '../classifier/classifier.js';
import { FirstOutputs } from '../classifier/probabilities.js';
import { takeRows } from '../tensors/takeRows.js';
import { tidyObject } from '../tensors/tidyObject.js';
import { ballsAround, disposeBalls, takeBallRows } from '../threatModel/ball.js';
import { attackedModalities, type ThreatModel } from '../threatModel/threatModel.js';
import { observedAt } from './evaluate.js';
import type { Problem } from './problem.js';
import type { CheckedBatch } from './validation.js';

/** The arguments of a call of `perturb`. */
export interface PerturbArguments
  extends Pick<Problem, 'classifier' | 'inputs' | 'criterion' | 'loss' | 'skipNonFinite'> {
  labels: tf.Tensor;
  targets: tf.Tensor | undefined;
  /** Whether the classifier's first outputs may be probabilities. */
  allowProbabilities: boolean;
}

/** Settings of an attack that its problem depends on. */
export interface StepSettings {
  threatModel: ThreatModel;
  /** Length of a step in radii of the ball, for budgets without a step size. */
  stepLength: number;
  /** Whether a budget's own `stepSize` takes the place of `stepLength`. */
  useBudgetStepSize: boolean;
  /** Whether a budget's epsilon may be infinite. */
  allowInfiniteEpsilon: boolean;
  /** Number of classifier calls that each evaluation averages over. */
  eotSamples: number;
}

/**
 * Owns the tensors of a {@link Problem}: of the whole batch at first, then of the active rows. What the classifier computes
 * from modalities that the attack doesn't change is computed once and cut to the active rows.
 */
export class PreparedProblem {
  /** The fields are replaced when finished rows are removed. */
  readonly problem: Problem;
  readonly #classifier: Classifier;
  /** Modalities that the attack doesn't change. */
  readonly #unchanging: readonly string[];
  #frozen: FrozenClassifier | undefined;
  /** The active rows of the inputs; absent as long as these are the caller's. */
  #inputs: Modalities | undefined;

  /** Takes over the masks of the checked batch and disposes of them. */
  constructor(
    { threatModel, stepLength, useBudgetStepSize, allowInfiniteEpsilon, eotSamples }: StepSettings,
    { masks, largestLabel }: CheckedBatch,
    { labels, targets, allowProbabilities, ...given }: PerturbArguments,
  ) {
    const { classifier, inputs, loss } = given;
    const balls = ballsAround(inputs, threatModel, masks, {
      stepLength,
      useBudgetStepSize,
      stayInside: !allowInfiniteEpsilon,
    });
    tf.dispose(masks);
    this.#classifier = classifier;
    const attacked = attackedModalities(threatModel);
    this.#unchanging = Object.keys(inputs).filter((name) => !attacked.includes(name));
    this.problem = {
      ...given,
      balls,
      observedClean: {},
      eotSamples,
      labels: asLabels(labels, largestLabel),
      targets: targets && asLabels(targets, largestLabel),
      firstOutputs: new FirstOutputs(allowProbabilities),
      largestLabel,
    };
    try {
      this.#frozen = this.#frozenFor(inputs);
      this.#set({ classifier: this.#frozen ?? classifier });
      if (loss.observed.length > 0) {
        const { problem } = this;
        const { logits, values } = tidyObject(() => observedAt(problem, inputs, loss.observed));
        this.#set({ observedClean: values });
        for (const head of loss.heads ?? []) {
          // A head of another shape is refused by the loss.
          if (`${values[head]!.shape}` === `${logits.shape}`)
            problem.firstOutputs.noteHead(head, values[head]!);
        }
        if (!Object.values(values).includes(logits)) logits.dispose();
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Continues with some of the rows. What the classifier has computed from unchanging modalities is not computed again. */
  takeRows(rows: tf.Tensor1D): void {
    const { inputs, labels, targets, observedClean, balls } = this.problem;
    const part = takeRows({ inputs, labels, targets, observedClean }, rows);
    let frozen: FrozenClassifier | undefined;
    let own: Problem['balls'];
    try {
      own = takeBallRows(balls, rows);
      frozen = this.#frozen?.take ? this.#frozen.take(rows) : this.#frozenFor(part.inputs);
    } catch (error) {
      tf.dispose(part);
      if (own!) disposeBalls(own);
      throw error;
    }
    this.#disposeTensors();
    this.#inputs = part.inputs;
    this.#frozen = frozen;
    this.#set({ ...part, balls: own, classifier: frozen ?? this.#classifier });
  }

  /** Frees all tensors. */
  dispose(): void {
    this.problem.firstOutputs.dispose();
    this.#disposeTensors();
  }

  #disposeTensors(): void {
    const { balls, labels, targets, observedClean } = this.problem;
    disposeBalls(balls);
    tf.dispose([labels, observedClean]);
    targets?.dispose();
    this.#frozen?.dispose();
    if (this.#inputs) tf.dispose(this.#inputs);
  }

  #set(fields: Partial<Problem>): void {
    Object.assign(this.problem, fields);
  }

  #frozenFor(inputs: Modalities): FrozenClassifier | undefined {
    return this.#unchanging.length > 0 ? this.#classifier.frozen?.(inputs, [...this.#unchanging]) : undefined;
  }
}

/** A copy of labels or targets: classes as int32, others as they are. */
export function asLabels(labels: tf.Tensor, largestLabel: CheckedBatch['largestLabel']): tf.Tensor1D {
  return (largestLabel ? tf.cast(labels, 'int32') : tf.clone(labels)) as tf.Tensor1D;
}
