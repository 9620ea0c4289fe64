import { reportChecks } from '../options.js';
import { mergeData } from './data/mergeData.js';
import { RobustnessReport } from './robustnessReport.js';

/** Options of {@link mergeReports}. */
export interface MergeOptions {
  /** The undefended model's whole report, against which RI is measured. Default: none, and no RI. */
  baseline?: RobustnessReport;
}

/**
 * Joins the reports of all shards of an evaluation; the result equals that of an evaluation in one piece.
 * @param reports one for each shard, in any order
 * @param options see {@link MergeOptions}
 * @throws {ReportError} when a shard is missing or given twice, the shards are of different evaluations, or an option is
 * unknown
 */
export function mergeReports(
  reports: readonly RobustnessReport[],
  options: MergeOptions = {},
): RobustnessReport {
  reportChecks.rejectUnknownOptions('mergeReports', options, ['baseline'] satisfies (keyof MergeOptions)[]);
  return new RobustnessReport(mergeData(reports.map(({ data }) => data)), options.baseline);
}
