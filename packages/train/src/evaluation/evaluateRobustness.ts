import {
  type AttackFactory,
  attackConditions,
  attackedModalities,
  type Budget,
  type Classifier,
  fgsm,
  type Modalities,
  pgd,
  sharingBranches,
  type ThreatModel,
} from '@amr/attacks';
import { type Batch, type Dataset, mixSeed, type Progress, progressClock } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { TrainDataError, TrainOptionError } from '../errors.js';
import { checkBatch, checkDataset, disposeBatch } from '../model/checkBatch.js';
import { describeThreatModel } from '../report/data/threatModelDescription.js';
import {
  differences,
  type ReportConfig,
  type ReportData,
  RobustnessReport,
  type SampleOutcomes,
  type Shard,
} from '../report/robustnessReport.js';
import { type EvaluationChecks, planChecks, runChecks } from './evaluationChecks.js';
import { MeanWeights, type WeightsOf } from './modalityWeights.js';

export type { AttackFactory };

/** How far an evaluation is. An item is an attack on one sample; those that aren't needed count as done. */
export interface EvaluationProgress extends Progress {
  /** Condition of the attack that was done last. */
  condition: string;
  /** Name of the attack that was done last. */
  attack: string;
}

/** Options of {@link evaluateRobustness}; either `budgets` or `conditions` is needed. */
export interface EvaluationOptions {
  /** A budget for each modality: each is attacked alone, then all together. */
  budgets?: { readonly [modality: string]: Budget };
  /** Threat models of your own by name, instead of those that `budgets` gives. */
  conditions?: { readonly [condition: string]: ThreatModel };
  /** Attacks by name. Default: `FGSM`, and `PGD-20`: pgd with its defaults, 20 steps and no random start. */
  attacks?: { readonly [name: string]: AttackFactory };
  /** Report of the undefended model, on the same samples: RI is measured against it. */
  baseline?: RobustnessReport;
  /** Evaluates a part only; `mergeReports` joins the parts. */
  shard?: Shard;
  /** Samples in a batch. Default: 32. */
  batchSize?: number;
  /** Whole number from 0: random starts. A batch's draws depend on it, the batch's number, the condition and the attack. Default: 0. */
  seed?: number;
  /**
   * Whether a sample's first success ends an attack on it, as `stopWhenFooled` of `perturb` in `@amr/attacks`: robust
   * accuracy is then that of the best point on the way, lower than or equal to that of the last one, and samples that
   * are fooled save their time. Foolbox's and torchattacks' gradient attacks judge the last point, those of AutoAttack
   * every point. The classifier has to take batches of any size. Default: false.
   */
  stopWhenFooled?: boolean;
  /** Stops the evaluation; it then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Told after each batch and attack; waited for. */
  onProgress?: (progress: EvaluationProgress) => void | Promise<void>;
  /** The weights that a model gives its modalities; their means on clean and on attacked samples join the report. */
  weightsOf?: WeightsOf;
  /**
   * Whether to look for signs that the attacks fail, on a few samples of one condition, before the evaluation; what is
   * found joins the report. With shards the first one does it. Default: false; true takes the defaults.
   */
  checks?: boolean | EvaluationChecks;
}

const DEFAULT_ATTACKS: { readonly [name: string]: AttackFactory } = {
  FGSM: (threatModel) => fgsm(threatModel),
  'PGD-20': (threatModel) => pgd(threatModel),
};

/**
 * Attacks a classifier under each condition with each attack. Robust accuracy is the share of all test samples that is
 * still classified correctly: samples that are wrong without an attack count as wrong, and are not attacked, which
 * changes no other sample's result and saves their time.
 *
 * @param classifier logits of a batch, as `classifierOf` of `@amr/attacks` gives them
 * @param testSet the samples, taken in order
 * @returns every sample's outcome, and the accuracies made of them
 * @throws {TrainOptionError} before any work, when an option doesn't fit
 * @throws {TrainDataError} for labels out of range, values that aren't finite, logits of another shape than
 * [batch, classes]
 * @example
 * ```ts
 * import { evaluateRobustness } from '@amr/train';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const inputs = () => ({ a: tf.tensor1d([1, 0.1, -1]), b: tf.tensor1d([1, 0.1, -1]) });
 * const testSet = {
 *   size: 3,
 *   ids: ['s1', 's2', 's3'],
 *   classes: ['negative', 'positive'],
 *   modalities: { a: { shape: [], unit: 'one' }, b: { shape: [], unit: 'one' } },
 *   async *batches() {
 *     yield { ids: ['s1', 's2', 's3'], inputs: inputs(), labels: tf.tensor1d([1, 1, 0], 'int32') };
 *   },
 *   subset: () => testSet,
 * };
 * const classifier = ({ a, b }: { [name: string]: tf.Tensor }) =>
 *   tf.stack([tf.neg(tf.add(a!, b!)), tf.add(a!, b!)], 1) as tf.Tensor2D;
 *
 * const report = await evaluateRobustness(classifier, testSet, {
 *   budgets: { a: { norm: 'linf', epsilon: 0.15 }, b: { norm: 'linf', epsilon: 0.6 } },
 * });
 * console.log(report.clean.accuracy, report.robust('a', 'PGD-20').accuracy, report.robust('b', 'PGD-20').accuracy); // 1 1 0.67
 * ```
 */
export async function evaluateRobustness(
  classifier: Classifier,
  testSet: Dataset,
  options: EvaluationOptions,
): Promise<RobustnessReport> {
  const conditions = conditionsOf(options, testSet);
  const attacks = Object.entries(options.attacks ?? DEFAULT_ATTACKS);
  const { batchSize = 32, seed = 0, shard = { index: 0, count: 1 }, signal, weightsOf } = options;
  const { stopWhenFooled = false } = options;
  checkOptions(testSet, attacks, batchSize, seed, shard);
  const config: ReportConfig = {
    samples: testSet.size,
    classes: [...testSet.classes],
    conditions: conditions.map(([name, threatModel]) => ({
      name,
      ...describeThreatModel(threatModel, testSet.modalities),
    })),
    attacks: attacks.map(([name]) => name),
    batchSize,
    seed,
    ...(stopWhenFooled && { stopWhenFooled }),
  };
  const { checks = false } = options;
  const plannedChecks = checks
    ? planChecks(checks === true ? {} : checks, conditions, attacks, testSet, batchSize)
    : undefined;
  if (options.baseline) checkBaseline(options.baseline, config, testSet, shard);
  const { part, batchNumbers } = partOf(testSet, batchSize, shard);
  const planned = conditions.flatMap(([condition, threatModel]) =>
    attacks.map(([name, factory]) => ({ condition, name, attack: factory(threatModel) })),
  );
  const modalities = Object.keys(testSet.modalities);
  const samples = emptyOutcomes(config);
  const weights = weightsOf && new MeanWeights(weightsOf, conditions, attacks);
  const start = performance.now();
  // The samples are spread over the whole set, so that any division into shards finds the same.
  const found =
    plannedChecks && shard.index === 0
      ? await runChecks(plannedChecks, classifier, testSet, { seed, ...(signal && { signal }) })
      : undefined;
  const progress = progressClock();
  const total = part.size * planned.length;
  let done = 0;
  let position = 0;
  for await (const batch of part.batches({ batchSize })) {
    try {
      signal?.throwIfAborted();
      const labels = await checkBatch(batch, testSet, modalities);
      const clean = await predict(classifier, batch.inputs, testSet.classes.length);
      samples.ids.push(...batch.ids);
      samples.labels.push(...labels);
      samples.clean.push(...clean);
      const right = [...labels.keys()].filter((i) => clean[i] === labels[i]);
      const rows = right.length > 0 ? takeRows(batch, right) : undefined;
      // What some attacks leave alone is computed once for all of them.
      const sharing = sharingBranches(classifier);
      try {
        if (rows && weights) await weights.addClean(rows.inputs);
        for (const [i, { condition, name, attack }] of planned.entries()) {
          signal?.throwIfAborted();
          const outcome: (number | null)[] = batch.ids.map(() => null);
          if (rows) {
            const perturbed = await attack.perturb(sharing, rows.inputs, rows.labels, {
              stopWhenFooled,
              seed: mixSeed(seed, batchNumbers[position]!, i),
              ...(signal && { signal }),
            });
            try {
              const predicted = await predict(classifier, perturbed, testSet.classes.length);
              right.forEach((row, j) => {
                outcome[row] = predicted[j]!;
              });
              if (weights) await weights.addAttacked(condition, name, perturbed);
            } finally {
              tf.dispose(perturbed);
            }
          }
          samples.attacked[condition]![name]!.push(...outcome);
          done += batch.ids.length;
          await options.onProgress?.({ condition, attack: name, ...progress(done, total) });
        }
      } finally {
        sharing.dispose();
        if (rows) disposeBatch(rows);
      }
    } finally {
      disposeBatch(batch);
    }
    position++;
  }
  if (samples.ids.length !== part.size) {
    throw new TrainDataError(
      `test set: expected ${part.size} samples, its batches held ${samples.ids.length}`,
    );
  }
  const data: ReportData = {
    config,
    shards: [{ ...shard }],
    samples,
    ...(weights && { weights: weights.sums }),
    ...(found && { checks: found }),
    seconds: (performance.now() - start) / 1000,
  };
  return new RobustnessReport(data, options.baseline);
}

/** Named threat models, from budgets or as they were given, all of whose modalities the data set has. */
export function conditionsOf(
  { budgets, conditions }: Pick<EvaluationOptions, 'budgets' | 'conditions'>,
  testSet: Dataset,
): [string, ThreatModel][] {
  if ((budgets === undefined) === (conditions === undefined)) {
    throw new TrainOptionError('expected either budgets, one for each modality, or conditions of your own');
  }
  const named = Object.entries(conditions ?? attackConditions({ ...budgets! }));
  if (named.length === 0) throw new TrainOptionError('conditions: expected one or more, got none');
  const known = Object.keys(testSet.modalities);
  for (const [condition, threatModel] of named) {
    const unknown = attackedModalities(threatModel).filter((name) => !known.includes(name));
    if (unknown.length > 0) {
      throw new TrainOptionError(
        `condition '${condition}' has a budget for '${unknown.join("', '")}', the data set's modalities are ` +
          `[${known.join(', ')}]`,
      );
    }
  }
  return named;
}

function checkOptions(
  testSet: Dataset,
  attacks: readonly [string, AttackFactory][],
  batchSize: number,
  seed: number,
  { index, count }: Shard,
): void {
  checkDataset(testSet, 'test set');
  if (attacks.length === 0) throw new TrainOptionError('attacks: expected one or more, got none');
  if (!(Number.isSafeInteger(batchSize) && batchSize > 0)) {
    throw new TrainOptionError(`batchSize: expected a whole number of 1 or more, got ${batchSize}`);
  }
  if (!(Number.isSafeInteger(seed) && seed >= 0)) {
    throw new TrainOptionError(`seed: expected a whole number of 0 or more, got ${seed}`);
  }
  const batches = Math.ceil(testSet.size / batchSize);
  if (
    !(Number.isSafeInteger(count) && count > 0 && Number.isSafeInteger(index) && index >= 0 && index < count)
  ) {
    throw new TrainOptionError(`shard: expected 0 <= index < count, got index ${index} of count ${count}`);
  }
  if (count > batches) {
    throw new TrainOptionError(
      `shard: ${testSet.size} samples make ${batches} batches of ${batchSize}, too few for ${count} shards`,
    );
  }
}

/** Finds out before hours of work that no RI could be made at their end. */
function checkBaseline(
  baseline: RobustnessReport,
  config: ReportConfig,
  testSet: Dataset,
  shard: Shard,
): void {
  if (shard.count > 1) {
    throw new TrainOptionError('baseline: give it to mergeReports when the evaluation is in shards');
  }
  const problems = differences(config, baseline.data.config);
  if (JSON.stringify(baseline.data.samples.ids) !== JSON.stringify(testSet.ids)) problems.push('samples');
  if (problems.length > 0) {
    throw new TrainOptionError(`baseline: its report differs from this evaluation in ${problems.join(', ')}`);
  }
}

/** Whole batches are dealt out to the shards in turn, so that a batch's draws are the same in every division. */
function partOf(testSet: Dataset, batchSize: number, { index, count }: Shard) {
  const batches = Math.ceil(testSet.size / batchSize);
  const batchNumbers = [...Array(batches).keys()].filter((number) => number % count === index);
  if (count === 1) return { part: testSet, batchNumbers };
  const rows = batchNumbers.flatMap((number) =>
    [...Array(batchSize).keys()].map((i) => number * batchSize + i).filter((row) => row < testSet.size),
  );
  return { part: testSet.subset(rows), batchNumbers };
}

function emptyOutcomes({ conditions, attacks }: ReportConfig): SampleOutcomes {
  return {
    ids: [],
    labels: [],
    clean: [],
    attacked: Object.fromEntries(
      conditions.map(({ name }) => [name, Object.fromEntries(attacks.map((attack) => [attack, []]))]),
    ),
  };
}

/** Class with the greatest logit for each row. */
export async function predict(
  classifier: Classifier,
  inputs: Modalities,
  classes: number,
): Promise<number[]> {
  const winners = tf.tidy(() => {
    const logits = classifier(inputs);
    if (logits.rank !== 2 || logits.shape[1] !== classes) {
      throw new TrainDataError(
        `the classifier gave logits of shape [${logits.shape}], expected [batch, ${classes}]`,
      );
    }
    return tf.argMax(logits, 1);
  });
  const values = await winners.data().finally(() => winners.dispose());
  return [...values];
}

/** The rows of a batch at these positions, as new tensors. */
function takeRows(batch: Batch, rows: readonly number[]): Batch {
  const ids = rows.map((row) => batch.ids[row]!);
  return tf.tidy(() => {
    const positions = tf.tensor1d([...rows], 'int32');
    const take = (tensor: tf.Tensor) =>
      ids.length === batch.ids.length ? tf.clone(tensor) : tf.gather(tensor, positions);
    const inputs = Object.fromEntries(
      Object.entries(batch.inputs).map(([name, tensor]) => [name, take(tensor)]),
    );
    const labels = take(batch.labels) as tf.Tensor1D;
    // tidy keeps what is returned; ids are no tensors.
    return { ids, inputs, labels } as unknown as tf.TensorContainer;
  }) as unknown as Batch;
}
