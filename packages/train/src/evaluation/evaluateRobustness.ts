import { type Classifier, refuseProbabilities, sharingBranches } from '@amr/attacks';
import { type Batch, type Dataset, mixSeed, progressClock } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { TrainDataError } from '../errors.js';
import { checkBatch, disposeBatch } from '../model/checkBatch.js';
import type { ReportConfig, ReportData, SampleOutcomes } from '../report/data/reportData.js';
import { RobustnessReport } from '../report/robustnessReport.js';
import { runChecks } from './evaluationChecks.js';
import type { EvaluationOptions } from './evaluationOptions.js';
import { type EvaluationPlan, type PlannedAttack, planEvaluation } from './evaluationPlan.js';
import { predict } from './predict.js';
import { WeightRecorder } from './weightRecorder.js';

/**
 * Attacks a classifier under each condition with each attack. Robust accuracy is the fraction of all test samples that
 * is still classified correctly. Samples that are wrong without an attack count as wrong and are not attacked, which
 * saves their time and changes no other sample's result.
 *
 * @param classifier logits of a batch, as `classifierOf` of `@amr/attacks` gives them
 * @param testSet the samples, taken in order
 * @param options see {@link EvaluationOptions}
 * @returns every sample's outcome, and the accuracies computed from them
 * @throws {TrainOptionError} before any work, when an option is unknown or doesn't fit
 * @throws {AttackInputError} before the first attack, when the classifier gives probabilities and `allowProbabilities` is not set
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
  const plan = await planEvaluation(testSet, options);
  const { config, shard, samples: part, attacks } = plan;
  const { signal } = options;
  const start = performance.now();
  if (!options.allowProbabilities) await refuseFirstProbabilities(classifier, part.set, config.batchSize);
  const checks =
    plan.checks && (await runChecks(plan.checks, classifier, testSet, { seed: config.seed, signal }));
  const samples = emptyOutcomes(config);
  const skipped: NonNullable<ReportData['skipped']> = {};
  const weights = options.weightsOf && new WeightRecorder(options.weightsOf, config);
  const progress = progressClock();
  const total = part.set.size * attacks.length;
  let done = 0;
  let position = 0;
  for await (const batch of part.set.batches({ batchSize: config.batchSize })) {
    try {
      signal?.throwIfAborted();
      const seed = (attack: number) => mixSeed(config.seed, part.batchNumbers[position]!, attack);
      const run = { classifier, plan, batch, seed, samples, skipped, weights, options };
      await evaluateBatch(run, async (attack) => {
        done += batch.ids.length;
        await options.onProgress?.({
          condition: attack.condition,
          attack: attack.name,
          ...progress(done, total),
        });
      });
    } finally {
      disposeBatch(batch);
    }
    position++;
  }
  if (samples.ids.length !== part.set.size) {
    throw new TrainDataError(
      `testSet: got ${samples.ids.length} samples in its batches; expected its size, ${part.set.size}.`,
    );
  }
  const data: ReportData = {
    config,
    shards: [{ index: shard.index, count: shard.count }],
    samples,
    ...(weights && { weights: weights.sums }),
    ...(checks && { checks }),
    ...(Object.keys(skipped).length > 0 && { skipped }),
    seconds: (performance.now() - start) / 1000,
  };
  return new RobustnessReport(data, options.baseline);
}

/** What the evaluation of a batch reads and writes. */
interface BatchEvaluation {
  classifier: Classifier;
  plan: EvaluationPlan;
  batch: Batch;
  /** Seed of the attack at this position of the plan. */
  seed: (attack: number) => number;
  /** Takes the outcomes. */
  samples: SampleOutcomes;
  /** Takes the modality weights. */
  weights: WeightRecorder | undefined;
  /** Takes the ids of samples that are skipped. */
  skipped: NonNullable<ReportData['skipped']>;
  options: EvaluationOptions;
}

/** Predicts a batch without an attack, then runs each attack on the samples that are right. */
async function evaluateBatch(
  run: BatchEvaluation,
  onAttack: (attack: PlannedAttack) => Promise<void>,
): Promise<void> {
  const { classifier, plan, batch, samples, weights, options } = run;
  const { testSet, attacks } = plan;
  const labels = await checkBatch(batch, testSet, Object.keys(testSet.modalities));
  const clean = await predict(classifier, batch.inputs, testSet.classes.length, options.eotSamples);
  samples.ids.push(...batch.ids);
  samples.labels.push(...labels);
  samples.clean.push(...clean);
  const right = [...labels.keys()].filter((i) => clean[i] === labels[i]);
  const rows = right.length > 0 ? takeRows(batch, right) : undefined;
  // The branches that an attack doesn't change are computed once for all attacks.
  const sharing = sharingBranches(classifier);
  try {
    if (rows && weights) await weights.addClean(rows.inputs);
    for (const [i, attack] of attacks.entries()) {
      options.signal?.throwIfAborted();
      const outcomes: (number | null)[] = batch.ids.map(() => null);
      const predicted = rows && (await attackRows(run, sharing, rows, i));
      for (const [j, row] of right.entries()) outcomes[row] = predicted![j]!;
      samples.attacked[attack.condition]![attack.name]!.push(...outcomes);
      await onAttack(attack);
    }
  } finally {
    sharing.dispose();
    if (rows) disposeBatch(rows);
  }
}

/** Runs an attack of the plan. @returns the predictions after it, by the classifier without shared branches */
async function attackRows(
  { classifier, plan, seed, skipped, weights, options }: BatchEvaluation,
  sharing: Classifier,
  rows: Batch,
  index: number,
): Promise<number[]> {
  const { condition, name, attack } = plan.attacks[index]!;
  const { signal, onNonFinite = 'throw', allowProbabilities = false } = options;
  const perturbed = await attack.perturb(sharing, rows.inputs, rows.labels, {
    stopWhenFooled: plan.config.stopWhenFooled ?? false,
    seed: seed(index),
    allowProbabilities,
    onNonFinite,
    onSkipped: (places) => {
      skipped[condition] ??= {};
      const ids = skipped[condition][name] ?? [];
      skipped[condition][name] = [...new Set([...ids, ...places.map((place) => rows.ids[place]!)])];
    },
    ...(signal && { signal }),
  });
  try {
    const predicted = await predict(classifier, perturbed, plan.testSet.classes.length, options.eotSamples);
    await weights?.addAttacked(condition, name, perturbed);
    return predicted;
  } finally {
    tf.dispose(perturbed);
  }
}

/** Refuses probabilities before the checks, on the first batch: some of them run attacks. */
async function refuseFirstProbabilities(
  classifier: Classifier,
  set: Dataset,
  batchSize: number,
): Promise<void> {
  for await (const batch of set.batches({ batchSize })) {
    try {
      const logits = tf.tidy(() => classifier(batch.inputs));
      await refuseProbabilities(logits).finally(() => logits.dispose());
    } finally {
      disposeBatch(batch);
    }
    return;
  }
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
    // tidy keeps the tensors that are returned; ids hold none.
    return { ids, inputs, labels } as unknown as tf.TensorContainer;
  }) as unknown as Batch;
}
