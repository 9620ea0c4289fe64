import { ReportError } from '../errors.js';
import { optionKeys, reportChecks } from '../options.js';
import type { ComparisonOptions } from './data/comparisonOptions.js';
import { assertComparable } from './figures/comparable.js';
import { RobustnessComparison } from './robustnessComparison.js';
import type { RobustnessReport } from './robustnessReport.js';

/**
 * Compares models that were evaluated on the same samples with the same budgets and attacks.
 * @param reports by model name; a list holds one report for each training seed
 * @throws {ReportError} when the reports differ in samples, budgets or attacks, or a name or option is unknown
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
  checkOptions(options);
  const lists = new Map<string, readonly RobustnessReport[]>();
  for (const [name, given] of Object.entries(reports)) {
    const list = Array.isArray(given) ? (given as readonly RobustnessReport[]) : [given as RobustnessReport];
    if (list.length === 0) throw new ReportError(`reports.${name}: got no report; expected one or more.`);
    lists.set(name, list);
  }
  if (lists.size === 0) throw new ReportError('reports: got none; expected those of one model or more.');
  const models = [...lists.keys()];
  checkModels('baseline', options.baseline === undefined ? [] : [options.baseline], models);
  checkModels('curves', Object.keys(options.curves ?? {}), models);
  const [first, ...others] = [...lists.values()].flat();
  for (const report of others) assertComparable(first!.data, report.data);
  return new RobustnessComparison(lists, options);
}

function checkOptions(options: ComparisonOptions): void {
  const known = optionKeys<ComparisonOptions>({
    baseline: true,
    title: true,
    curves: true,
    modalityWeights: true,
    figures: true,
    settings: true,
    notes: true,
  });
  reportChecks.rejectUnknownOptions('compareReports', options, known);
}

function checkModels(option: string, names: readonly string[], models: readonly string[]): void {
  for (const name of names) {
    reportChecks.checkOption(option, name, models.includes(name), `one of the models [${models.join(', ')}]`);
  }
}
