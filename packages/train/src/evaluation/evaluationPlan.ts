import { type Attack, type AttackFactory, fgsm, pgd, type ThreatModel } from '@amr/attacks';
import type { Dataset } from '@amr/internal';
import { TrainOptionError } from '../errors.js';
import { checkDataset } from '../model/checkDataset.js';
import { checkCount, checkOneOf, optionKeys, rejectUnknownOptions } from '../options.js';
import type { ReportConfig, Shard } from '../report/data/reportData.js';
import { configDifferences } from '../report/figures/comparable.js';
import type { RobustnessReport } from '../report/robustnessReport.js';
import { conditionsOf } from './conditions.js';
import { describeThreatModel } from './describeThreatModel.js';
import { type PlannedChecks, planChecks } from './evaluationChecks.js';
import type { EvaluationOptions } from './evaluationOptions.js';
import { type ShardSamples, samplesOf } from './shards.js';

/** An attack under a condition. */
export interface PlannedAttack {
  /** Name of the condition. */
  condition: string;
  /** Name of the attack. */
  name: string;
  /** The attack on the condition's threat model. */
  attack: Attack;
}

/** An evaluation whose options are checked and whose defaults are filled in. */
export interface EvaluationPlan {
  /** The whole test set. */
  testSet: Dataset;
  /** Settings for the report. */
  config: ReportConfig;
  /** The shard to evaluate. */
  shard: Shard;
  /** The shard's samples. */
  samples: ShardSamples;
  /** All attacks under all conditions, in order. */
  attacks: PlannedAttack[];
  /** The checks to run before, if any. */
  checks: PlannedChecks | undefined;
}

const DEFAULT_ATTACKS: { readonly [name: string]: AttackFactory } = {
  FGSM: (threatModel) => fgsm(threatModel),
  'PGD-20': (threatModel) => pgd(threatModel),
};

/** @throws {TrainOptionError} when an option doesn't fit */
export async function planEvaluation(testSet: Dataset, options: EvaluationOptions): Promise<EvaluationPlan> {
  const known = optionKeys<EvaluationOptions>({
    budgets: true,
    conditions: true,
    attacks: true,
    baseline: true,
    shard: true,
    batchSize: true,
    seed: true,
    stopWhenFooled: true,
    signal: true,
    onProgress: true,
    weightsOf: true,
    checks: true,
    allowProbabilities: true,
    eotSamples: true,
    onNonFinite: true,
  });
  rejectUnknownOptions('evaluateRobustness', options, known);
  checkDataset(testSet, 'testSet');
  const { batchSize = 32, seed = 0, shard = { index: 0, count: 1 }, checks = false, baseline } = options;
  checkCount('evaluateRobustness.batchSize', batchSize);
  checkCount('evaluateRobustness.seed', seed, 0);
  checkCount('evaluateRobustness.eotSamples', options.eotSamples ?? 1);
  checkOneOf('evaluateRobustness.onNonFinite', options.onNonFinite ?? 'throw', ['throw', 'skip']);
  const conditions = conditionsOf('evaluateRobustness', options, testSet);
  const attacks = Object.entries(options.attacks ?? DEFAULT_ATTACKS);
  if (attacks.length === 0) {
    throw new TrainOptionError('evaluateRobustness.attacks: got none; expected one or more.');
  }
  const samples = samplesOf(testSet, batchSize, shard);
  const config = await configOf(testSet, conditions, attacks, { ...options, batchSize, seed });
  const chosen = typeof checks === 'object' ? checks : checks ? {} : { checks: [] };
  const plannedChecks = planChecks(chosen, conditions, attacks, testSet, batchSize);
  if (baseline) checkBaseline(baseline, config, testSet, shard);
  return {
    testSet,
    config,
    shard,
    samples,
    attacks: conditions.flatMap(([condition, threatModel]) =>
      attacks.map(([name, factory]) => ({ condition, name, attack: factory(threatModel) })),
    ),
    // One shard runs the checks for all. Their samples are spread over the whole set, so that they don't depend on the shards.
    checks: shard.index === 0 ? plannedChecks : undefined,
  };
}

async function configOf(
  testSet: Dataset,
  conditions: readonly (readonly [string, ThreatModel])[],
  attacks: readonly (readonly [string, AttackFactory])[],
  {
    batchSize,
    seed,
    stopWhenFooled,
    eotSamples = 1,
  }: EvaluationOptions & { batchSize: number; seed: number },
): Promise<ReportConfig> {
  return {
    samples: testSet.size,
    classes: [...testSet.classes],
    conditions: await Promise.all(
      conditions.map(async ([name, threatModel]) => ({
        name,
        ...(await describeThreatModel(threatModel, testSet.modalities)),
      })),
    ),
    attacks: attacks.map(([name]) => name),
    batchSize,
    seed,
    ...(stopWhenFooled && { stopWhenFooled }),
    ...(eotSamples > 1 && { eotSamples }),
  };
}

/** Refuses, before hours of work, a baseline against which no RI could be computed. */
function checkBaseline(
  baseline: RobustnessReport,
  config: ReportConfig,
  testSet: Dataset,
  shard: Shard,
): void {
  if (shard.count > 1) {
    throw new TrainOptionError(
      `evaluateRobustness.baseline: got a report and a shard; expected a baseline for the whole test set only. Give it to ` +
        'mergeReports.',
    );
  }
  const differing = configDifferences(config, baseline.data.config);
  if (JSON.stringify(baseline.data.samples.ids) !== JSON.stringify(testSet.ids)) differing.push('samples');
  if (differing.length > 0) {
    throw new TrainOptionError(
      `evaluateRobustness.baseline: got a report that differs from this evaluation in ${differing.join(', ')}; expected ` +
        'the same samples, budgets and attacks.',
    );
  }
}
