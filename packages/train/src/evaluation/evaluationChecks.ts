import {
  attackedModalities,
  type CheckName,
  type CheckProgress,
  type Classifier,
  checkEvaluation,
  checkNames,
  type Finding,
  type ThreatModel,
} from '@amr/attacks';
import type { Dataset } from '@amr/internal';
import { TrainOptionError } from '../errors.js';
import { checkBatch, disposeBatch } from '../model/checkBatch.js';
import type { AttackFactory } from './evaluateRobustness.js';

/** How an evaluation is checked; see `checkEvaluation` of `@amr/attacks`. */
export interface EvaluationChecks {
  /** Samples that are looked at, spread evenly over the test set, in one batch. Default: the batch size. */
  samples?: number;
  /** The condition that is checked. Default: the first that attacks the most modalities. */
  condition?: string;
  /** The attack that is checked. Default: the last. */
  attack?: string;
  /** An attack that sees outputs only. Default: Square with 500 queries. */
  blackBox?: AttackFactory;
  /** The checks to be made. Default: all. */
  checks?: readonly CheckName[];
  /** Told after each check; waited for. */
  onProgress?: (progress: CheckProgress) => void | Promise<void>;
}

/** What the checks of an evaluation found. */
export interface ReportChecks {
  /** The condition that was checked. */
  condition: string;
  /** The attack that was checked. */
  attack: string;
  /** Number of samples that were looked at. */
  samples: number;
  /** A finding for each check. */
  findings: Finding[];
}

/** What will be checked, with all defaults filled in. */
export interface PlannedChecks extends Required<Pick<EvaluationChecks, 'samples' | 'condition' | 'attack'>> {
  threatModel: ThreatModel;
  factory: AttackFactory;
  options: EvaluationChecks;
}

/**
 * Fills the defaults in, before any work.
 * @throws {TrainOptionError} for an unknown condition, attack or check, and a number of samples that is none
 */
export function planChecks(
  options: EvaluationChecks,
  conditions: readonly (readonly [string, ThreatModel])[],
  attacks: readonly (readonly [string, AttackFactory])[],
  { size }: Dataset,
  batchSize: number,
): PlannedChecks {
  const { samples = batchSize, checks = [] } = options;
  if (!(Number.isSafeInteger(samples) && samples > 0)) {
    throw new TrainOptionError(`checks.samples: expected a whole number of 1 or more, got ${samples}`);
  }
  const unknown = checks.filter((name) => !checkNames.includes(name));
  if (unknown.length > 0) {
    throw new TrainOptionError(
      `checks.checks: there is no '${unknown.join("', '")}'; the checks are [${checkNames.join(', ')}]`,
    );
  }
  const most = Math.max(...conditions.map(([, threatModel]) => attackedModalities(threatModel).length));
  const widest = conditions.find(([, threatModel]) => attackedModalities(threatModel).length === most)!;
  const [condition, threatModel] = named('condition', options.condition, conditions) ?? widest;
  const [attack, factory] = named('attack', options.attack, attacks) ?? attacks.at(-1)!;
  return { samples: Math.min(samples, size), condition, threatModel, attack, factory, options };
}

/** Makes the checks on one batch of the whole test set. */
export async function runChecks(
  { samples, condition, threatModel, attack, factory, options }: PlannedChecks,
  classifier: Classifier,
  testSet: Dataset,
  { seed, signal }: { seed: number; signal?: AbortSignal },
): Promise<ReportChecks> {
  const rows = Array.from({ length: samples }, (_, i) => Math.floor((i * testSet.size) / samples));
  const set = samples === testSet.size ? testSet : testSet.subset(rows);
  const { blackBox, checks, onProgress } = options;
  for await (const batch of set.batches({ batchSize: samples })) {
    try {
      await checkBatch(batch, testSet, Object.keys(testSet.modalities));
      const findings = await checkEvaluation(classifier, batch.inputs, batch.labels, {
        threatModel,
        attack: factory,
        seed,
        ...(blackBox && { blackBox }),
        ...(checks && { checks }),
        ...(onProgress && { onProgress }),
        ...(signal && { signal }),
      });
      return { condition, attack, samples: batch.ids.length, findings };
    } finally {
      disposeBatch(batch);
    }
  }
  return { condition, attack, samples: 0, findings: [] };
}

function named<T>(
  what: string,
  name: string | undefined,
  known: readonly (readonly [string, T])[],
): readonly [string, T] | undefined {
  const found = known.find(([other]) => other === name);
  if (name !== undefined && !found) {
    throw new TrainOptionError(
      `checks.${what}: there is no '${name}'; expected one of [${known.map(([other]) => other).join(', ')}]`,
    );
  }
  return found;
}
