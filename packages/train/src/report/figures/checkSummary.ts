import type { Finding } from '@amr/attacks';
import type { ReportChecks } from '../../evaluation/evaluationChecks.js';
import type { RobustnessReport } from '../robustnessReport.js';

/** What the checks of a model's reports found, one report for each seed. */
export interface CheckSummary {
  /** The attack, the condition and the samples that were checked. */
  subject: string;
  /** By check, for each of its messages once. */
  warnings: SummarisedFinding[];
  /** Checks that couldn't tell in some report and warned in none. */
  inconclusive: SummarisedFinding[];
  /** Checks that passed in every report. */
  passed: SummarisedFinding[];
}

/** A check over all seeds. */
export interface SummarisedFinding {
  /** Its name. */
  check: string;
  /** The message of the first report with this outcome. */
  message: string;
  /** '2 of 3 seeds' when several were checked and not all had this outcome, else empty. */
  seeds: string;
}

/** The findings of a model's reports together; undefined when none was checked. */
export function summaryOfChecks(reports: readonly RobustnessReport[]): CheckSummary | undefined {
  const checked = reports
    .map(({ data }) => data.checks)
    .filter((checks): checks is ReportChecks => checks !== undefined);
  const [first] = checked;
  if (!first) return undefined;
  const names = [...new Set(checked.flatMap(({ findings }) => findings.map(({ check }) => check)))];
  const worst = names.map((name) => {
    const findings = checked.flatMap((checks) => checks.findings.filter(({ check }) => check === name));
    const status = STATUSES.find((candidate) => findings.some((finding) => finding.status === candidate))!;
    const such = findings.filter((finding) => finding.status === status);
    const seeds = such.length < checked.length ? `${such.length} of ${checked.length} seeds` : '';
    return { status, check: name, message: such[0]!.message, seeds };
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

/** From the worst on. */
const STATUSES = ['warning', 'inconclusive', 'passed'] as const;

/** '2 warnings, 1 inconclusive, 9 passed' */
export function countsOf({ warnings, inconclusive, passed }: CheckSummary): string {
  return [
    warnings.length > 0 && warningsText(warnings.length),
    inconclusive.length > 0 && `${inconclusive.length} inconclusive`,
    passed.length > 0 && `${passed.length} passed`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** '1 warning' */
export const warningsText = (count: number): string => `${count} ${count === 1 ? 'warning' : 'warnings'}`;

/** 'black-box (1 of 3 seeds)' */
export const checkLabel = ({ check, seeds }: SummarisedFinding): string =>
  seeds ? `${check} (${seeds})` : check;

/** The findings as a Markdown list, warnings first; of those that passed the names only. */
export function checksMarkdown(summary: CheckSummary): string {
  const { warnings, inconclusive, passed } = summary;
  return [
    ...warnings.map((finding) => `- **Warning, ${checkLabel(finding)}:** ${finding.message}`),
    ...inconclusive.map((finding) => `- Inconclusive, ${checkLabel(finding)}: ${finding.message}`),
    ...(passed.length > 0 ? [`- Passed: ${passed.map(checkLabel).join(', ')}.`] : []),
  ].join('\n');
}
