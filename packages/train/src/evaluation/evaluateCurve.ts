import { type Budget, type Classifier, pgd, robustnessCurve, type ThreatModel } from '@amr/attacks';
import { type Dataset, mixSeed, progressClock } from '@amr/internal';
import { TrainOptionError } from '../errors.js';
import { checkBatch, checkDataset, disposeBatch } from '../model/checkBatch.js';
import { describeThreatModel, type ThreatModelDescription } from '../report/data/threatModelDescription.js';
import { type Interval, wilson } from '../report/figures/wilson.js';
import { type AttackFactory, conditionsOf, type EvaluationProgress, predict } from './evaluateRobustness.js';

/** Options of {@link evaluateCurve}; either `budgets` or `conditions` is needed. */
export interface CurveOptions {
  /** A budget for each modality, of scale 1: each is attacked alone, then all together. */
  budgets?: { readonly [modality: string]: Budget };
  /** Threat models of your own by name, of scale 1, instead of those that `budgets` gives. */
  conditions?: { readonly [condition: string]: ThreatModel };
  /** Multiples of the budgets, 0 or more; 0 is no attack. Default: 0, 0.25, 0.5, 1, 2. */
  scales?: readonly number[];
  /** Makes the attack for a scaled threat model. Default: pgd, 20 steps. */
  attack?: AttackFactory;
  /** Samples in a batch. Default: 32. */
  batchSize?: number;
  /** Whole number from 0. Default: 0. */
  seed?: number;
  /** As in `evaluateRobustness`. Default: false. */
  stopWhenFooled?: boolean;
  /** Stops the evaluation; it then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Told after each batch, condition and scale; waited for. */
  onProgress?: (progress: EvaluationProgress) => void | Promise<void>;
}

/** One point of a curve. */
export interface CurvePoint {
  /** Multiple of the budgets. */
  scale: number;
  /** Share in [0, 1] of all samples still classified correctly. */
  accuracy: number;
  /** Wilson's 95 % interval. */
  interval: Interval;
}

/** The line of one condition. */
export interface CurveCondition extends ThreatModelDescription {
  /** The condition's name. */
  name: string;
  /** From the smallest scale to the largest. */
  points: CurvePoint[];
}

/** Robust accuracy against the size of the perturbation. */
export interface RobustnessCurve {
  /** The attack's name. */
  attack: string;
  /** Number of samples. */
  samples: number;
  /** One line for each condition; its budgets are those of scale 1. */
  conditions: CurveCondition[];
}

/**
 * Robust accuracy at several multiples of the budgets, for each modality alone and for all together. A sample that is
 * fooled at a smaller budget counts as fooled at every larger one, whose ball holds the same perturbation, and is not
 * attacked again: the curves never rise, and a point may lie slightly below what one attack at that budget finds.
 * @param classifier logits of a batch
 * @param testSet the samples, taken in order
 * @throws {TrainOptionError} before any work, when an option doesn't fit
 */
export async function evaluateCurve(
  classifier: Classifier,
  testSet: Dataset,
  options: CurveOptions,
): Promise<RobustnessCurve> {
  const {
    attack: factory = (threatModel: ThreatModel) => pgd(threatModel),
    batchSize = 32,
    seed = 0,
    stopWhenFooled = false,
    signal,
  } = options;
  checkDataset(testSet, 'test set');
  const scales = [...new Set(options.scales ?? [0, 0.25, 0.5, 1, 2])].sort((a, b) => a - b);
  if (scales.length === 0 || !scales.every((scale) => Number.isFinite(scale) && scale >= 0)) {
    throw new TrainOptionError(`scales: expected multiples of 0 or more, got [${options.scales}]`);
  }
  if (!(Number.isSafeInteger(batchSize) && batchSize > 0)) {
    throw new TrainOptionError(`batchSize: expected a whole number of 1 or more, got ${batchSize}`);
  }
  const conditions = conditionsOf(options, testSet).map(([name, threatModel]) => ({
    name,
    threatModel,
    description: describeThreatModel(threatModel, testSet.modalities),
    right: scales.map(() => 0),
  }));
  const modalities = Object.keys(testSet.modalities);
  const progress = progressClock();
  const [attack] = conditions.map(({ threatModel }) => factory(threatModel));
  const attackName = scales.some((scale) => scale > 0) ? attack!.name : 'none';
  const total = testSet.size * conditions.length * scales.length;
  let done = 0;
  let number = 0;
  for await (const batch of testSet.batches({ batchSize })) {
    try {
      await checkBatch(batch, testSet, modalities);
      // The attacks would take more logits than there are classes.
      if (number === 0) await predict(classifier, batch.inputs, testSet.classes.length);
      for (const [i, { name, threatModel, right }] of conditions.entries()) {
        const { fooled } = await robustnessCurve(
          factory,
          threatModel,
          classifier,
          batch.inputs,
          batch.labels,
          {
            scales,
            seed: mixSeed(seed, number, i),
            stopWhenFooled,
            signal,
            onProgress: async () => {
              done += batch.ids.length;
              await options.onProgress?.({ condition: name, attack: attackName, ...progress(done, total) });
            },
          },
        );
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
