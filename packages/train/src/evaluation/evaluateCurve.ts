import {
  type AttackFactory,
  type Budget,
  type Classifier,
  pgd,
  robustnessCurve,
  type ThreatModel,
} from '@amr/attacks';
import { type Dataset, mixSeed, progressClock } from '@amr/internal';
import { checkBatch, disposeBatch } from '../model/checkBatch.js';
import { checkDataset } from '../model/checkDataset.js';
import { checkCount, checkOption, optionKeys, rejectUnknownOptions } from '../options.js';
import type { RobustnessCurve } from '../report/data/robustnessCurve.js';
import { wilson } from '../report/figures/wilson.js';
import { conditionsOf } from './conditions.js';
import { describeThreatModel } from './describeThreatModel.js';
import type { EvaluationProgress } from './evaluationOptions.js';
import { predict } from './predict.js';

/** Options of {@link evaluateCurve}; either `budgets` or `conditions` is needed. */
export interface CurveOptions {
  /** A budget for each modality, of scale 1: each is attacked alone, then all together. */
  budgets?: { readonly [modality: string]: Budget };
  /** Threat models by name, of scale 1, instead of those that `budgets` gives. */
  conditions?: { readonly [condition: string]: ThreatModel };
  /** Multiples of the budgets, 0 or more; 0 is no attack. Default: 0, 0.25, 0.5, 1, 2. */
  scales?: readonly number[];
  /** Makes the attack for a scaled threat model. Default: pgd, 20 steps. */
  attack?: AttackFactory;
  /** Samples in a batch. Default: 32. */
  batchSize?: number;
  /** Whole number from 0, for random starts. Default: 0. */
  seed?: number;
  /** Whether a sample's first success ends an attack on it, as in `evaluateRobustness`. Default: false. */
  stopWhenFooled?: boolean;
  /** Stops the evaluation; it then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Receives progress after each batch, condition and scale. The evaluation waits for it. */
  onProgress?: (progress: EvaluationProgress) => void | Promise<void>;
}

/**
 * Robust accuracy at several multiples of the budgets, for each modality alone and for all together. A sample that is
 * fooled at a smaller budget counts as fooled at every larger one, whose ball holds the same perturbation, and is not
 * attacked again. So the curves never rise, and a point may lie slightly below the accuracy that one attack at that
 * budget gives.
 * @param classifier logits of a batch
 * @param testSet the samples, taken in order
 * @param options see {@link CurveOptions}
 * @throws {TrainOptionError} before any work, when an option is unknown or doesn't fit
 */
export async function evaluateCurve(
  classifier: Classifier,
  testSet: Dataset,
  options: CurveOptions,
): Promise<RobustnessCurve> {
  const scales = checkOptions(testSet, options);
  const { batchSize = 32, seed = 0, stopWhenFooled = false, signal } = options;
  const factory = options.attack ?? ((threatModel: ThreatModel) => pgd(threatModel));
  const conditions = await Promise.all(
    conditionsOf('evaluateCurve', options, testSet).map(async ([name, threatModel]) => ({
      name,
      threatModel,
      description: await describeThreatModel(threatModel, testSet.modalities),
      right: scales.map(() => 0),
    })),
  );
  const modalities = Object.keys(testSet.modalities);
  const [attack] = conditions.map(({ threatModel }) => factory(threatModel));
  const attackName = scales.some((scale) => scale > 0) ? attack!.name : 'none';
  const progress = progressClock();
  const total = testSet.size * conditions.length * scales.length;
  let done = 0;
  let number = 0;
  for await (const batch of testSet.batches({ batchSize })) {
    try {
      await checkBatch(batch, testSet, modalities);
      // The attacks themselves accept more logits than there are classes.
      if (number === 0) await predict(classifier, batch.inputs, testSet.classes.length);
      for (const [i, { name, threatModel, right }] of conditions.entries()) {
        const { fooled } = await robustnessCurve(classifier, batch.inputs, batch.labels, {
          threatModel,
          attack: factory,
          scales,
          seed: mixSeed(seed, number, i),
          stopWhenFooled,
          signal,
          onProgress: async () => {
            done += batch.ids.length;
            await options.onProgress?.({ condition: name, attack: attackName, ...progress(done, total) });
          },
        });
        for (const [j, flags] of fooled.entries()) right[j]! += flags.filter((flag) => !flag).length;
      }
    } finally {
      disposeBatch(batch);
    }
    number++;
  }
  return {
    attack: attackName,
    samples: testSet.size,
    conditions: conditions.map(({ name, description, right }) => ({
      name,
      ...description,
      points: scales.map((scale, j) => ({
        scale,
        accuracy: right[j]! / testSet.size,
        interval: wilson(right[j]!, testSet.size),
      })),
    })),
  };
}

/** @returns the scales in order */
function checkOptions(testSet: Dataset, options: CurveOptions): number[] {
  const known = optionKeys<CurveOptions>({
    budgets: true,
    conditions: true,
    scales: true,
    attack: true,
    batchSize: true,
    seed: true,
    stopWhenFooled: true,
    signal: true,
    onProgress: true,
  });
  rejectUnknownOptions('evaluateCurve', options, known);
  checkDataset(testSet, 'testSet');
  const { scales = [0, 0.25, 0.5, 1, 2], batchSize = 32, seed = 0 } = options;
  const valid = scales.length > 0 && scales.every((scale) => Number.isFinite(scale) && scale >= 0);
  checkOption('evaluateCurve.scales', scales, valid, 'one or more finite numbers that are 0 or more');
  checkCount('evaluateCurve.batchSize', batchSize);
  checkCount('evaluateCurve.seed', seed, 0);
  return [...new Set(scales)].sort((a, b) => a - b);
}
