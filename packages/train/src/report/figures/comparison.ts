import type { ComparisonOptions } from '../data/comparisonOptions.js';
import type { Interval, MeanModalityWeights, ReportConfig, ReportData } from '../data/reportData.js';
import { type CheckSummary, summaryOfChecks } from './checkSummary.js';
import {
  averageAccuracy,
  averageOutcomes,
  balanceOf,
  cleanAccuracy,
  cleanOutcomes,
  conditionNames,
  improvementScores,
  meanWeights,
  robustAccuracy,
  robustOutcomes,
} from './reportFigures.js';
import { skippedSamples } from './skippedSamples.js';
import { meanWithInterval } from './wilson.js';

/** A figure of the comparison. */
export interface ComparedFigure {
  /** Mean over the seeds. An accuracy is a fraction in [0, 1]; RI and balance are points. */
  value: number;
  /** 95 % interval for one seed; least and greatest value for several. Balance of one seed has none. */
  range?: Interval;
  /**
   * Accuracies: the range lies above every other model's, and so does the 95 % interval of the differences sample by
   * sample above 0. RI: the same of clean and average robust accuracy together, against the baseline.
   */
  best: boolean;
}

/** One model's row in the comparison, for one attack. */
export interface ComparedModel {
  /** Its name. */
  name: string;
  /** Number of reports, one for each seed. */
  seeds: number;
  /** Accuracy without an attack. */
  clean: ComparedFigure;
  /** Robust accuracy by condition. */
  robust: { [condition: string]: ComparedFigure };
  /** Mean robust accuracy over the conditions. */
  average: ComparedFigure;
  /** Robustness improvement over the baseline, in points; not for the baseline itself. */
  improvement?: ComparedFigure;
  /** Balance in points; less is more even. */
  balance?: ComparedFigure;
}

/** The models under one attack. */
export interface ComparedAttack {
  /** The attack's name. */
  attack: string;
  /** A row for each model. */
  models: ComparedModel[];
}

/** The reports of each model, one for each training seed. */
export type ReportsByModel = ReadonlyMap<string, readonly ReportData[]>;

/** Everything that a rendered comparison states. */
export interface Comparison {
  /** Settings of the evaluations. Samples, conditions and attacks are the same in all. */
  config: ReportConfig;
  /** As given. */
  options: ComparisonOptions;
  /** Names of the models in order. */
  models: string[];
  /** Number of reports of each model. */
  seeds: number[];
  /** The figures, attack by attack. */
  attacks: ComparedAttack[];
  /** Modality weights by model, for those that have any. */
  modalityWeights: { [model: string]: MeanModalityWeights };
  /** Findings of the checks by model, for those that were checked. */
  checks: { [model: string]: CheckSummary };
  /** What there is to say of skipped samples, by model, for those that have any. */
  skipped: { [model: string]: string[] };
}

/** Computes the figures of several models' reports, which are comparable. */
export function comparisonOf(reports: ReportsByModel, options: ComparisonOptions): Comparison {
  const { config } = [...reports.values()][0]![0]!;
  const byModel = <T>(value: (list: readonly ReportData[]) => T | undefined): { [model: string]: T } => {
    const found = [...reports].map(([name, list]) => [name, value(list)] as const);
    return Object.fromEntries(found.filter((entry): entry is [string, T & {}] => entry[1] !== undefined));
  };
  return {
    config,
    options,
    models: [...reports.keys()],
    seeds: [...reports.values()].map(({ length }) => length),
    attacks: config.attacks.map((attack) => ({
      attack,
      models: compareUnder(attack, reports, options.baseline),
    })),
    modalityWeights: options.modalityWeights
      ? { ...options.modalityWeights }
      : byModel((list) => list.map(meanWeights).find((weights) => weights !== undefined)),
    checks: byModel(summaryOfChecks),
    skipped: byModel((list) => {
      const sentences = skippedSamples(list);
      return sentences.length > 0 ? sentences : undefined;
    }),
  };
}

/** Outcomes of a model: a row of per-sample values for each seed. */
type Outcomes = readonly (readonly number[])[];

function compareUnder(
  attack: string,
  reports: ReportsByModel,
  baseline: string | undefined,
): ComparedModel[] {
  const lists = [...reports.values()];
  const [first] = lists[0]!;
  const column = (outcomes: (report: ReportData) => number[], interval: (report: ReportData) => Interval) =>
    compareColumn(
      lists.map((list) => list.map(outcomes)),
      lists.map((list) => interval(list[0]!)),
    );
  const clean = column(cleanOutcomes, (report) => cleanAccuracy(report).interval);
  const average = column(
    (report) => averageOutcomes(report, attack),
    (report) => averageAccuracy(report, attack).interval,
  );
  const robust = conditionNames(first!).map((condition) => ({
    condition,
    figures: column(
      (report) => robustOutcomes(report, condition, attack),
      (report) => robustAccuracy(report, condition, attack).interval,
    ),
  }));
  const undefended = baseline === undefined ? undefined : reports.get(baseline)!;
  return [...reports].map(([name, list], i) => ({
    name,
    seeds: list.length,
    clean: clean[i]!,
    robust: Object.fromEntries(robust.map(({ condition, figures }) => [condition, figures[i]!])),
    average: average[i]!,
    ...(undefended && name !== baseline && { improvement: compareImprovement(undefended, list, attack) }),
    ...(balanceOf(list[0]!, attack) !== undefined && {
      balance: figureOf(list.map((report) => balanceOf(report, attack)!)),
    }),
  }));
}

/** One figure for each model, from per-sample values; marks the one that is better than all others, if there is one. */
function compareColumn(models: readonly Outcomes[], intervals: readonly Interval[]): ComparedFigure[] {
  const perSeed = models.map((seeds) => seeds.map(mean));
  const figures = perSeed.map((values, i) => {
    const range: Interval = values.length === 1 ? intervals[i]! : [Math.min(...values), Math.max(...values)];
    return { value: mean(values), range, best: false };
  });
  const leader = figures.reduce((best, { value }, i) => (value > figures[best]!.value ? i : best), 0);
  const beatsAll = models.every(
    (other, i) =>
      i === leader || (isAbove(models[leader]!, other) && figures[leader]!.range[0] > figures[i]!.range[1]),
  );
  if (models.length > 1 && beatsAll) figures[leader]!.best = true;
  return figures;
}

/** Whether a is above b by more than chance, sample by sample, each averaged over its seeds. */
function isAbove(a: Outcomes, b: Outcomes): boolean {
  const perSample = (outcomes: Outcomes) => outcomes[0]!.map((_, i) => mean(outcomes.map((row) => row[i]!)));
  const below = perSample(b);
  return meanWithInterval(perSample(a).map((value, i) => value - below[i]!)).interval[0] > 0;
}

/** RI of each seed against the mean of the baseline's seeds. */
function compareImprovement(
  baseline: readonly ReportData[],
  list: readonly ReportData[],
  attack: string,
): ComparedFigure {
  const range = (scores: Outcomes): Interval => {
    if (scores.length === 1) return meanWithInterval(scores[0]!).interval;
    const values = scores.map(mean);
    return [Math.min(...values), Math.max(...values)];
  };
  const before = baseline.map((report) => improvementScores(report, attack));
  const after = list.map((report) => improvementScores(report, attack));
  const best = isAbove(after, before) && range(after)[0] > range(before)[1];
  const differences = after.map((row) =>
    meanWithInterval(row.map((value, i) => value - mean(before.map((other) => other[i]!)))),
  );
  const [only] = differences;
  if (differences.length === 1) return { value: only!.mean, range: only!.interval, best };
  return { ...figureOf(differences.map((difference) => difference.mean)), best };
}

/** Mean of the seeds' values, with least and greatest for several seeds. */
function figureOf(values: readonly number[]): ComparedFigure {
  const value = mean(values);
  if (values.length === 1) return { value, best: false };
  return { value, range: [Math.min(...values), Math.max(...values)], best: false };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
