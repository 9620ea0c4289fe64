import * as tf from '@tensorflow/tfjs-core';
import { checkClassifier } from '../classifier/checkClassifier.js';
import type { Classifier, Modalities } from '../classifier/classifier.js';
import { FirstOutputs } from '../classifier/probabilities.js';
import { type SharedBranches, shareBranches } from '../classifier/sharingBranches.js';
import { explainingUnsupported } from '../classifier/unsupportedOperation.js';
import { GradientError } from '../errors.js';
import { type LossFunction, maximisedLossOf } from '../losses/attackLoss.js';
import { takeRows } from '../tensors/takeRows.js';
import { tidyObject } from '../tensors/tidyObject.js';
import { disposeDerived, takeThreatModelRows } from '../threatModel/ballSpecs.js';
import { attackedModalities, type ThreatModel } from '../threatModel/threatModel.js';
import type { AttackFactory, PerturbOptions } from './attack.js';
import { successCriterionOf } from './criterion.js';
import { fooled, meanLogits } from './evaluate.js';
import { asLabels } from './preparedProblem.js';
import type { Problem } from './problem.js';
import { SearchState } from './searchState.js';
import { chooseTargets } from './targets.js';
import { checkBatch, checkGoals } from './validation.js';

/** For each of some rows how well an attack has done. */
interface RowResults {
  /** Whether the criterion is met: the classifier gets the row wrong, or predicts its target. */
  fooled: boolean[];
  /** Margin by which a wrong class, or the target, wins: above 0 where fooled. */
  margin: number[];
}

/** How results are evaluated. */
interface EvaluationOptions {
  /** Number of classifier calls that each evaluation averages over, for classifiers that are random. Default 1. */
  eotSamples?: number | undefined;
  /** The loss by which points that don't fool the classifier are compared. Default: the margin that the criterion looks at. */
  loss?: LossFunction | undefined;
}

/** The result of an attack on some rows of the batch. The caller disposes of `adversarial`. */
export interface AttackedRows extends RowResults {
  /** The rows' indices in the batch. */
  rows: readonly number[];
  /** The rows, perturbed. */
  adversarial: Modalities;
}

/**
 * A batch on which other attacks are run, and the best point of each of its rows so far, at first the clean one. Ensembles
 * and searches over budgets stand on it: each attack runs on the rows that are not finished, with labels, targets,
 * threat model and random draws cut to them, so that its result on a row does not depend on the other rows. What the
 * classifier computes from modalities that an attack doesn't change is shared between the attacks.
 */
export class BatchAttack implements RowResults {
  /** Indices of all rows. */
  readonly rows: readonly number[];
  readonly fooled: boolean[];
  /** Minus infinity until a row is evaluated. */
  readonly margin: number[];
  readonly #problem: Problem;
  /** Whether the problem's loss measures points that don't fool the classifier; if not, they are all equal. */
  readonly #measured: boolean;
  readonly #options: PerturbOptions;
  /** The problem's classifier; what it computes from unchanging modalities is shared between attacks. */
  readonly #branches: SharedBranches;
  readonly #points: SearchState<Modalities>;

  private constructor(
    problem: Problem,
    measured: boolean,
    attacked: Iterable<string>,
    options: PerturbOptions,
  ) {
    this.rows = Array.from({ length: problem.labels.shape[0] }, (_, row) => row);
    this.fooled = this.rows.map(() => false);
    this.margin = this.rows.map(() => -Infinity);
    this.#branches = shareBranches(problem.classifier);
    this.#problem = { ...problem, classifier: this.#branches.classifier };
    this.#measured = measured;
    this.#options = options;
    this.#points = new SearchState(() =>
      Object.fromEntries([...attacked].map((name) => [name, tf.clone(problem.inputs[name]!)])),
    );
  }

  /**
   * Checks a batch against all threat models that it will be attacked under.
   * @throws {AttackInputError} {@link AttackInputError}, {@link ThreatModelError} or {@link AttackOptionsError} when they don't fit
   */
  static async create(
    threatModels: readonly ThreatModel[],
    classifier: Classifier,
    inputs: Modalities,
    labels: tf.Tensor,
    options: PerturbOptions = {},
    { eotSamples = 1, loss }: EvaluationOptions = {},
  ): Promise<BatchAttack> {
    const { signal, seed, rows } = options;
    checkClassifier(classifier);
    signal?.throwIfAborted();
    const criterion = successCriterionOf(options.criterion, options.targets !== undefined);
    const measure = loss ?? (criterion.custom ? undefined : 'cw');
    const maximised = maximisedLossOf(measure ?? 'cw', 'loss', criterion.rank);
    const anyLabels = criterion.custom && (measure === undefined || !maximised.ofClasses);
    for (const model of threatModels) checkGoals(model, inputs, labels, options.targets, anyLabels);
    const targets = chooseTargets(classifier, inputs, labels, options, eotSamples);
    try {
      let largestLabel: Problem['largestLabel'];
      for (const threatModel of threatModels) {
        const checked = await checkBatch(threatModel, inputs, { labels, targets }, { anyLabels, seed, rows });
        tf.dispose(checked.masks);
        largestLabel = checked.largestLabel;
      }
      const problem: Problem = {
        classifier,
        inputs,
        balls: [],
        loss: maximised,
        observedClean: {},
        eotSamples,
        labels: asLabels(labels, largestLabel),
        targets: targets && asLabels(targets, largestLabel),
        criterion,
        firstOutputs: new FirstOutputs(anyLabels || options.allowProbabilities === true),
        largestLabel,
        skipNonFinite: false,
      };
      const attacked = new Set(threatModels.flatMap(attackedModalities));
      return new BatchAttack(problem, measure !== undefined, attacked, options);
    } finally {
      if (targets !== options.targets) targets?.dispose();
    }
  }

  /**
   * Evaluates the clean inputs: `eotSamples` forward passes.
   * @returns the number of classes
   * @throws {AttackInputError} when the classifier gives probabilities
   */
  async evaluateClean(): Promise<number> {
    const { fooled, margin, classes } = await this.#evaluate(this.#problem, this.#problem.inputs);
    await this.#problem.firstOutputs.check();
    for (const row of this.rows) {
      this.fooled[row] = fooled[row]!;
      this.margin[row] = margin[row]!;
    }
    return classes;
  }

  /**
   * Runs an attack on some rows, with the draws that they would have in the whole batch, and evaluates its result with one
   * more forward pass.
   * @param threatModel for the whole batch
   * @param attack makes the attack for the threat model of the rows, whose vectors have one entry for each of them
   */
  async attackRows(
    rows: readonly number[],
    threatModel: ThreatModel,
    attack: AttackFactory,
  ): Promise<AttackedRows> {
    const { criterion, seed, signal, stopWhenFooled, allowProbabilities, onNonFinite, onSkipped } =
      this.#options;
    signal?.throwIfAborted();
    const { problem, threatModel: own, dispose } = this.#takeRows(rows, threatModel);
    const { classifier, inputs, labels, targets } = problem;
    try {
      const names = rows.map((row) => this.#options.rows?.[row] ?? row);
      const adversarial = await attack(own).perturb(classifier, inputs, labels, {
        criterion,
        targets,
        seed,
        rows: names,
        stopWhenFooled,
        allowProbabilities,
        onNonFinite,
        ...(onSkipped && {
          onSkipped: (skipped, modality, step) => onSkipped(rowsOf(skipped, rows), modality, step),
        }),
        signal,
      });
      try {
        const { fooled, margin } = await this.#evaluate(problem, adversarial);
        return { rows, adversarial, fooled, margin };
      } catch (error) {
        tf.dispose(adversarial);
        throw error;
      }
    } catch (error) {
      if (!(error instanceof GradientError)) throw error;
      throw new GradientError({ ...error.failure, rows: rowsOf(error.failure.rows, rows) });
    } finally {
      dispose();
    }
  }

  /**
   * For each row the share of `eotSamples` classifier calls in which its best point does not meet the criterion: 0 or 1
   * for classifiers that are not random.
   */
  async robustShare(): Promise<number[]> {
    if (this.#problem.eotSamples === 1) return this.fooled.map((fooled) => Number(!fooled));
    const shares = tf.tidy(() => {
      const { inputs, labels, targets, criterion, eotSamples } = this.#problem;
      const points = { ...inputs, ...this.#points.value };
      const robust = Array.from({ length: eotSamples }, () =>
        tf.sub(1, criterion.success(this.#problem.classifier(points), labels, targets)),
      );
      return tf.div(tf.addN(robust), eotSamples);
    });
    return [...(await shares.data().finally(() => shares.dispose()))];
  }

  /** Indices of the rows that are not fooled. */
  get robustRows(): number[] {
    return this.rows.filter((row) => !this.fooled[row]);
  }

  /**
   * Whether a run's result for a row is better for the attack than the best so far.
   * @param row index in the batch
   * @param index index in the run
   */
  improves(run: AttackedRows, row: number, index: number): boolean {
    return run.fooled[index]! || run.margin[index]! > this.margin[row]!;
  }

  /** Like {@link keep}, and frees the run's tensors. */
  keepAndDispose(run: AttackedRows, chosen: (row: number, index: number) => boolean): void {
    try {
      this.keep(run, chosen);
    } finally {
      tf.dispose(run.adversarial);
    }
  }

  /**
   * Keeps the results of some rows of a run as their best points.
   * @param chosen whether to keep a row, given its index in the batch and in the run
   */
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

  /** The best points, of each attacked modality; the tensors live until the next {@link keep}. */
  get points(): Modalities {
    return this.#points.value;
  }

  /** The best points, every modality of the inputs, as new tensors. */
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

  /** Reports the best points to the caller's onStep, if there is one. */
  async report(step: number, steps: number): Promise<void> {
    const { onStep } = this.#options;
    if (!onStep) return;
    const loss = tf.tensor1d(this.margin);
    const adversarial = this.adversarial();
    try {
      await onStep({ step, steps, restart: 1, restarts: 1, loss, adversarial });
    } finally {
      tf.dispose([loss, adversarial]);
    }
  }

  /** Frees all tensors. */
  dispose(): void {
    this.#problem.firstOutputs.dispose();
    this.#branches.classifier.dispose();
    this.#points.dispose();
    this.#problem.labels.dispose();
    this.#problem.targets?.dispose();
  }

  /** The problem and the threat model of some rows, and a function that frees them. */
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

  /** Evaluates rows by the mean of the outputs over `eotSamples` calls. */
  async #evaluate(problem: Problem, inputs: Modalities): Promise<RowResults & { classes: number }> {
    let classes = 0;
    const both = tf.tidy(() => {
      const logits = explainingUnsupported(() => meanLogits(problem, inputs));
      classes = logits.shape[1] ?? 1;
      const success = fooled(problem, logits);
      return tf.concat1d([success, this.#measured ? marginOf(problem, inputs, logits) : signOf(success)]);
    });
    try {
      const values = [...(await both.data())];
      const rows = values.length / 2;
      return { fooled: values.slice(0, rows).map((flag) => flag === 1), margin: values.slice(rows), classes };
    } finally {
      both.dispose();
    }
  }
}

/** The margin that the criterion looks at, from the mean logits. */
function marginOf(problem: Problem, inputs: Modalities, logits: tf.Tensor2D): tf.Tensor1D {
  const { loss, labels, criterion, targets } = problem;
  const goals = criterion.ofTargets && targets ? { labels, targets } : { labels };
  return loss.compute({ ...goals, logits, inputs, clean: inputs, observed: {}, observedClean: {} });
}

/** 1 for success, else -1: the margin where there is no other measure. */
function signOf(success: tf.Tensor1D): tf.Tensor1D {
  return tf.sub(tf.mul(success, 2), 1);
}

/** Indices in the batch of some of the rows. */
function rowsOf(indices: readonly number[], rows: readonly number[]): number[] {
  return indices.map((index) => rows[index]!);
}
