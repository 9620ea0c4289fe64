import type { Finding } from '@amr/attacks';
import type { ReportChecks, ReportData } from '../data/reportData.js';

/** The findings of a model's reports, one report for each seed. */
export interface CheckSummary {
  /** The attack, the condition and the samples that were checked. */
  subject: string;
  /** A finding for each check that warned in some report. */
  warnings: SummarisedFinding[];
  /** Checks that were inconclusive in some report and warned in none. */
  inconclusive: SummarisedFinding[];
  /** Checks that passed in every report. */
  passed: SummarisedFinding[];
}

/** The worst finding of a check over all seeds. */
export interface SummarisedFinding {
  /** Name of the check. */
  check: string;
  /** The message of the first report with this outcome. */
  message: string;
  /** '2 of 3 seeds' when several were checked and not all had this outcome, else empty. */
  seeds: string;
}

/** From the worst to the best. */
const STATUSES = ['warning', 'inconclusive', 'passed'] as const;

/** The findings of a model's reports together; undefined when none was checked. */
export function summaryOfChecks(reports: readonly ReportData[]): CheckSummary | undefined {
  const checked = reports
    .map(({ checks }) => checks)
    .filter((checks): checks is ReportChecks => checks !== undefined);
  const [first] = checked;
  if (!first) return undefined;
  const names = [...new Set(checked.flatMap(({ findings }) => findings.map(({ check }) => check)))];
  const worst = names.map((name) => {
    const findings = checked.flatMap((checks) => checks.findings.filter(({ check }) => check === name));
    const status = STATUSES.find((candidate) => findings.some((finding) => finding.status === candidate))!;
    const withStatus = findings.filter((finding) => finding.status === status);
    const seeds = withStatus.length < checked.length ? `${withStatus.length} of ${checked.length} seeds` : '';
    return { status, check: name, message: withStatus[0]!.message, seeds };
  });
  const having = (wanted: Finding['status']): SummarisedFinding[] =>
    worst
      .filter(({ status }) => status === wanted)
      .map(({ check, message, seeds }) => ({ check, message, seeds }));
  const samples = `${first.samples} ${first.samples === 1 ? 'sample' : 'samples'}`;
  return {
    subject: `${first.attack} on ${first.condition}, ${samples}`,
    warnings: having('warning'),
    inconclusive: having('inconclusive'),
    passed: having('passed'),
  };
}
