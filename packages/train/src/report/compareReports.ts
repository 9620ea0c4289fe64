import { ReportError } from '../errors.js';
import type { RobustnessCurve } from '../evaluation/evaluateCurve.js';
import { type CheckSummary, summaryOfChecks } from './figures/checkSummary.js';
import { type Interval, meanWithInterval } from './figures/wilson.js';
import { assertComparable, type MeanModalityWeights, type RobustnessReport } from './robustnessReport.js';
import { comparisonMarkdown, comparisonText } from './text/comparisonText.js';

/** A picture for the page. */
export interface ComparisonFigure {
  /** Heading; escaped. */
  title: string;
  /** Text beneath; escaped. */
  caption?: string;
  /** SVG source, put into the page as it is. */
  svg?: string;
  /** HTML source, put into the page as it is: an `<img>` with a data URL, for instance. */
  html?: string;
}

/** Options of {@link compareReports}. */
export interface ComparisonOptions {
  /** Name of the undefended model, against which RI is measured. Default: none, and no RI. */
  baseline?: string;
  /** Heading. Default: 'Robustness comparison'. */
  title?: string;
  /** Robust accuracy against the budget, by model. */
  curves?: { readonly [model: string]: RobustnessCurve };
  /** Modality weights by model. Default: those of each model's first report that has any. */
  modalityWeights?: { readonly [model: string]: MeanModalityWeights };
  /** Pictures, e.g. clips before and after an attack. */
  figures?: readonly ComparisonFigure[];
  /** What the run was made with, for the reader to repeat it: data, seeds, sizes, command. */
  settings?: { readonly [name: string]: string | number | boolean };
  /** Remarks under the tables, e.g. that AMR's formula is a reconstruction. */
  notes?: readonly string[];
}

/** A figure of the comparison. */
export interface ComparedFigure {
  /** Mean over the seeds. An accuracy is a share in [0, 1]; RI and balance are points. */
  value: number;
  /** 95 % interval for one seed; least and greatest value for several. Balance of one seed has none. */
  range?: Interval;
  /**
   * Accuracies: the range lies above every other model's, and so does the 95 % interval of the differences sample by
   * sample above 0. RI: the same of clean and average robust accuracy together, against the baseline.
   */
  best: boolean;
}

/** One model's line in the comparison, for one attack. */
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
  /** A line for each model. */
  models: ComparedModel[];
}

/** Several models beside each other. */
export class RobustnessComparison {
  /** The reports, one or several for each model. */
  readonly reports: ReadonlyMap<string, readonly RobustnessReport[]>;
  /** As given. */
  readonly options: ComparisonOptions;
  /** The figures, attack by attack. */
  readonly attacks: ComparedAttack[];

  /** Use {@link compareReports}. */
  constructor(reports: ReadonlyMap<string, readonly RobustnessReport[]>, options: ComparisonOptions) {
    this.reports = reports;
    this.options = options;
    this.attacks = this.first.attacks.map((attack) => ({
      attack,
      models: compareUnder(attack, reports, options.baseline),
    }));
  }

  /** Any of the reports: samples, conditions and attacks are the same in all. */
  get first(): RobustnessReport {
    return this.reports.values().next().value![0]!;
  }

  /** Names of the models in order. */
  get models(): string[] {
    return [...this.reports.keys()];
  }

  /** Modality weights by model, for those that have any. */
  get modalityWeights(): { [model: string]: MeanModalityWeights } {
    if (this.options.modalityWeights) return { ...this.options.modalityWeights };
    const found = [...this.reports].map(([name, list]) => [
      name,
      list.find(({ weights }) => weights)?.weights,
    ]);
    return Object.fromEntries(found.filter(([, weights]) => weights));
  }

  /** What the checks of the evaluations found, by model, for those that were checked. */
  get checks(): { [model: string]: CheckSummary } {
    const found = [...this.reports].map(([name, list]) => [name, summaryOfChecks(list)]);
    return Object.fromEntries(found.filter(([, summary]) => summary));
  }

  /** A plain object with the figures, the curves and every report. */
  toJSON(): { [key: string]: unknown } {
    const { title, baseline, curves, settings, notes } = this.options;
    return {
      format: 'amr-robustness-comparison',
      version: 1,
      ...(title && { title }),
      ...(baseline && { baseline }),
      ...(settings && { settings }),
      ...(notes && { notes }),
      comparison: this.attacks,
      ...(curves && { curves }),
      modalityWeights: this.modalityWeights,
      reports: Object.fromEntries(
        [...this.reports].map(([name, list]) => [name, list.map((r) => r.toJSON())]),
      ),
    };
  }

  /** A Markdown table for each attack; bold is what is better than every other model by more than chance. */
  toMarkdown(): string {
    return comparisonMarkdown(this);
  }

  /** The same tables for a terminal; `*` marks what Markdown has in bold. */
  toText(): string {
    return comparisonText(this);
  }

  /** One HTML page with tables and plots that needs nothing else: no network, no script. */
  async toHTML(): Promise<string> {
    // The plotting library is loaded by those who draw only.
    const { comparisonHtml } = await import('./html/comparisonHtml.js');
    return comparisonHtml(this);
  }
}

/**
 * Puts models beside each other that were evaluated on the same samples with the same budgets and attacks.
 * @param reports by model name; a list holds one report for each training seed
 * @throws {ReportError} when the reports differ in what was evaluated, or a name is unknown
 * @example
 * ```ts
 * import { compareReports, RobustnessReport } from '@amr/train';
 *
 * const budgets = { a: { norm: 'linf', epsilon: 1, unit: 'one' } };
 * const report = (attacked: number[]) =>
 *   new RobustnessReport({
 *     config: {
 *       samples: 4,
 *       classes: ['no', 'yes'],
 *       conditions: [{ name: 'a', modalities: ['a'], budgets, joint: false }],
 *       attacks: ['PGD-20'],
 *       batchSize: 4,
 *       seed: 0,
 *     },
 *     shards: [{ index: 0, count: 1 }],
 *     samples: { ids: ['1', '2', '3', '4'], labels: [0, 0, 1, 1], clean: [0, 0, 1, 1], attacked: { a: { 'PGD-20': attacked } } },
 *     seconds: 1,
 *   });
 * const comparison = compareReports(
 *   { undefended: report([1, 1, 0, 0]), defended: report([0, 0, 1, 0]) },
 *   { baseline: 'undefended' },
 * );
 * console.log(comparison.toText());
 * ```
 */
export function compareReports(
  reports: { readonly [model: string]: RobustnessReport | readonly RobustnessReport[] },
  options: ComparisonOptions = {},
): RobustnessComparison {
  const lists = new Map<string, readonly RobustnessReport[]>();
  for (const [name, given] of Object.entries(reports)) {
    const list = Array.isArray(given) ? (given as readonly RobustnessReport[]) : [given as RobustnessReport];
    if (list.length === 0) throw new ReportError(`'${name}' has no report`);
    lists.set(name, list);
  }
  if (lists.size === 0) throw new ReportError('expected the report of one model or more, got none');
  const names = [...lists.keys()];
  const named = {
    baseline: options.baseline === undefined ? [] : [options.baseline],
    curves: Object.keys(options.curves ?? {}),
  };
  for (const [option, given] of Object.entries(named)) {
    const unknown = given.filter((name) => !lists.has(name));
    if (unknown.length > 0) {
      throw new ReportError(
        `${option}: no report is called '${unknown.join("', '")}'; the models are [${names.join(', ')}]`,
      );
    }
  }
  const first = lists.get(names[0]!)![0]!;
  for (const list of lists.values()) for (const report of list) assertComparable(first, report);
  return new RobustnessComparison(lists, options);
}

/** Outcomes of a model: a row of per-sample values for each seed. */
type Outcomes = readonly (readonly number[])[];

function compareUnder(
  attack: string,
  reports: ReadonlyMap<string, readonly RobustnessReport[]>,
  baseline: string | undefined,
): ComparedModel[] {
  const lists = [...reports.values()];
  const [first] = lists[0]!;
  const column = (
    outcomes: (report: RobustnessReport) => number[],
    figure: (report: RobustnessReport) => Interval,
  ) =>
    compareColumn(
      lists.map((list) => list.map(outcomes)),
      lists.map((list) => figure(list[0]!)),
    );
  const clean = column(
    (report) => report.cleanOutcomes(),
    (report) => report.clean.interval,
  );
  const average = column(
    (report) => report.averageOutcomes(attack),
    (report) => report.average(attack).interval,
  );
  const robust = first!.conditions.map((condition) => ({
    condition,
    figures: column(
      (report) => report.robustOutcomes(condition, attack),
      (report) => report.robust(condition, attack).interval,
    ),
  }));
  const undefended = baseline === undefined ? undefined : reports.get(baseline)!;
  return [...reports].map(([name, list], i) => ({
    name,
    seeds: list.length,
    clean: clean[i]!,
    robust: Object.fromEntries(robust.map(({ condition, figures }) => [condition, figures[i]!])),
    average: average[i]!,
    ...(undefended && name !== baseline && { improvement: improvementOver(undefended, list, attack) }),
    ...(list[0]!.balance(attack) !== undefined && {
      balance: spreadOf(list.map((report) => report.balance(attack)!)),
    }),
  }));
}

/** One figure for each model, from per-sample values; finds the one that is better than all others, if any. */
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
  const after = perSample(b);
  return meanWithInterval(perSample(a).map((value, i) => value - after[i]!)).interval[0] > 0;
}

/** RI of each seed against the mean of the baseline's seeds. */
function improvementOver(
  baseline: readonly RobustnessReport[],
  list: readonly RobustnessReport[],
  attack: string,
): ComparedFigure {
  const score = (report: RobustnessReport) => {
    const clean = report.cleanOutcomes();
    return report.averageOutcomes(attack).map((value, i) => 100 * (value + clean[i]!));
  };
  const range = (reports: readonly RobustnessReport[]): Interval => {
    if (reports.length === 1) return meanWithInterval(score(reports[0]!)).interval;
    const values = reports.map((report) => mean(score(report)));
    return [Math.min(...values), Math.max(...values)];
  };
  const before = baseline.map(score);
  const after = list.map(score);
  const best = isAbove(after, before) && range(list)[0] > range(baseline)[1];
  const differences = after.map((row) =>
    meanWithInterval(row.map((value, i) => value - mean(before.map((other) => other[i]!)))),
  );
  const [only] = differences;
  if (differences.length === 1) return { value: only!.mean, range: only!.interval, best };
  return { ...spreadOf(differences.map((difference) => difference.mean)), best };
}

function spreadOf(values: readonly number[]): ComparedFigure {
  const value = mean(values);
  if (values.length === 1) return { value, best: false };
  return { value, range: [Math.min(...values), Math.max(...values)], best: false };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
