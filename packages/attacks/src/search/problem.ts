import * as tf from '@tensorflow/tfjs-core';
import type { Classifier, FrozenClassifier, Modalities } from '../classifier/classifier.js';
import { takeRows } from '../tensors/takeRows.js';
import { ballsAround, disposeBalls, takeBallRows } from '../threatModel/ball.js';
import { attackedModalities, type ThreatModel } from '../threatModel/threatModel.js';
import type { PerturbOptions } from './attack.js';
import { observedAt, type Problem } from './evaluate.js';
import type { CheckedBatch } from './validation.js';

/** What a call of `perturb` is given. */
export type PerturbArguments = Pick<Problem, 'classifier' | 'inputs' | 'labels' | 'objective'> &
  Pick<PerturbOptions, 'targets'>;

/** What is known of the attack's steps. */
export interface StepSettings {
  threatModel: ThreatModel;
  /** Length of a step in radii of the ball, for budgets without a step size. */
  stepLength: number;
  /** Whether a budget's own `stepSize` takes the place of `stepLength`. */
  useBudgetStepSize: boolean;
  /** Whether a budget's epsilon may be infinite. */
  allowInfiniteEpsilon: boolean;
  /** Calls of the classifier that one evaluation is the mean of. */
  eotSamples: number;
}

/** A {@link Problem} and the tensors it holds: of the whole batch, then of the rows that are left of it. */
export class PreparedProblem {
  /** Its fields are replaced when rows leave. */
  readonly problem: Problem;
  readonly #classifier: Classifier;
  /** Modalities that the attack leaves alone. */
  readonly #unchanging: readonly string[];
  #frozen: FrozenClassifier | undefined;
  /** Rows of the inputs; absent as long as these are the caller's. */
  #inputs: Modalities | undefined;

  /** @param checked its masks are freed */
  constructor(
    { threatModel, stepLength, useBudgetStepSize, allowInfiniteEpsilon, eotSamples }: StepSettings,
    { masks, largestLabel }: CheckedBatch,
    { classifier, inputs, labels, objective, targets }: PerturbArguments,
  ) {
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
      classifier,
      inputs,
      balls,
      objective,
      observedClean: {},
      eotSamples,
      labels: tf.cast(labels, 'int32'),
      targets: targets && tf.cast(targets, 'int32'),
      largestLabel,
    };
    try {
      this.#frozen = this.#frozenFor(inputs);
      this.#set({ classifier: this.#frozen ?? classifier });
      if (objective.observed.length > 0) {
        const { problem } = this;
        this.#set({ observedClean: tf.tidy(() => observedAt(problem, inputs, objective.observed).values) });
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Goes on with some of the rows. What the classifier has computed of unchanging modalities is not computed again. */
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
    this.dispose();
    this.#inputs = part.inputs;
    this.#frozen = frozen;
    this.#set({ ...part, balls: own, classifier: frozen ?? this.#classifier });
  }

  /** Frees what is held. */
  dispose(): void {
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
