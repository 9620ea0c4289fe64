import {
  type AttackFactory,
  attackedModalities,
  type CheckName,
  type CheckProgress,
  type Classifier,
  cheapCheckNames,
  checkEvaluation,
  checkNames,
  type ThreatModel,
} from '@amr/attacks';
import type { Dataset } from '@amr/internal';
import { checkBatch, disposeBatch } from '../model/checkBatch.js';
import { checkCount, checkOneOf, optionKeys, rejectUnknownOptions } from '../options.js';
import type { ReportChecks } from '../report/data/reportData.js';

/** Options of an evaluation's checks; see `checkEvaluation` of `@amr/attacks`. */
export interface EvaluationChecks {
  /** Samples to check, spread evenly over the test set, in one batch. Default: the batch size. */
  samples?: number;
  /** The condition to check. Default: the first that attacks the most modalities. */
  condition?: string;
  /** The attack to check. Default: the last. */
  attack?: string;
  /** An attack that sees outputs only. Default: Square with 500 queries. */
  blackBox?: AttackFactory;
  /** Names of the checks to run in addition to the cheap ones, `cheapCheckNames`, which always run. Default: all. */
  checks?: readonly CheckName[];
  /** Receives progress after each check. The evaluation waits for it. */
  onProgress?: (progress: CheckProgress) => void | Promise<void>;
}

/** The checks to run, with all defaults filled in. */
export interface PlannedChecks extends Required<Pick<EvaluationChecks, 'samples' | 'condition' | 'attack'>> {
  threatModel: ThreatModel;
  factory: AttackFactory;
  names: readonly CheckName[];
  options: EvaluationChecks;
}

/**
 * Fills in the defaults, before any work.
 * @throws {TrainOptionError} for an unknown option, condition, attack or check, and a wrong number of samples
 */
export function planChecks(
  options: EvaluationChecks,
  conditions: readonly (readonly [string, ThreatModel])[],
  attacks: readonly (readonly [string, AttackFactory])[],
  { size }: Dataset,
  batchSize: number,
): PlannedChecks {
  const known = optionKeys<EvaluationChecks>({
    samples: true,
    condition: true,
    attack: true,
    blackBox: true,
    checks: true,
    onProgress: true,
  });
  rejectUnknownOptions('checks', options, known);
  const { samples = batchSize, checks = checkNames } = options;
  checkCount('checks.samples', samples);
  for (const name of checks) checkOneOf('checks.checks', name, checkNames);
  const names = [...new Set([...cheapCheckNames, ...checks])];
  const most = Math.max(...conditions.map(([, threatModel]) => attackedModalities(threatModel).length));
  const widest = conditions.find(([, threatModel]) => attackedModalities(threatModel).length === most)!;
  const [condition, threatModel] = named('condition', options.condition, conditions) ?? widest;
  const [attack, factory] = named('attack', options.attack, attacks) ?? attacks.at(-1)!;
  return { samples: Math.min(samples, size), condition, threatModel, attack, factory, names, options };
}

/** Runs the checks on one batch of the whole test set. */
export async function runChecks(
  { samples, condition, threatModel, attack, factory, names, options }: PlannedChecks,
  classifier: Classifier,
  testSet: Dataset,
  { seed, signal }: { seed: number; signal: AbortSignal | undefined },
): Promise<ReportChecks> {
  const rows = Array.from({ length: samples }, (_, i) => Math.floor((i * testSet.size) / samples));
  const set = samples === testSet.size ? testSet : testSet.subset(rows);
  const { blackBox, onProgress } = options;
  for await (const batch of set.batches({ batchSize: samples })) {
    try {
      await checkBatch(batch, testSet, Object.keys(testSet.modalities));
      const findings = await checkEvaluation(classifier, batch.inputs, batch.labels, {
        threatModel,
        attack: factory,
        seed,
        ...(blackBox && { blackBox }),
        checks: names,
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

/** The entry of this name; undefined when no name is given. */
function named<T>(
  option: string,
  name: string | undefined,
  known: readonly (readonly [string, T])[],
): readonly [string, T] | undefined {
  if (name === undefined) return undefined;
  const names = known.map(([other]) => other);
  checkOneOf(`checks.${option}`, name, names);
  return known[names.indexOf(name)];
}
