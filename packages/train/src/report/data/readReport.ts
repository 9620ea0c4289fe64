import { ReportError } from '../../errors.js';
import { reportChecks } from '../../options.js';
import type { ReportData } from './reportData.js';

/** Value of `format` in a report's JSON. */
export const REPORT_FORMAT = 'amr-robustness-report';
/** Value of `version` in a report's JSON. */
export const REPORT_VERSION = 1;

/**
 * Reads a report's JSON, an object or a text.
 * @throws {ReportError} when it is not a report, or one whose parts don't fit together
 */
export function readReport(json: unknown): ReportData {
  const value = typeof json === 'string' ? parse(json) : json;
  const { format, version, metrics: _, ...data } = (value ?? {}) as ReportData & { [key: string]: unknown };
  const advice = 'Pass what toJSON of a RobustnessReport gave.';
  reportChecks.checkOption('report.format', format, format === REPORT_FORMAT, `'${REPORT_FORMAT}'`, advice);
  reportChecks.checkOption(
    'report.version',
    version,
    version === REPORT_VERSION,
    `${REPORT_VERSION}`,
    advice,
  );
  checkData(data);
  return data;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ReportError(`report: got text that is not JSON (${(error as Error).message}); expected JSON.`);
  }
}

function checkData({ samples, config, shards, checks }: ReportData): void {
  const count = samples?.ids?.length;
  const columns = [samples?.labels, samples?.clean].concat(
    (config?.conditions ?? []).flatMap(({ name }) =>
      (config.attacks ?? []).map((attack) => samples?.attacked?.[name]?.[attack] as number[]),
    ),
  );
  if (!config || !Array.isArray(shards) || !count || columns.some((column) => column?.length !== count)) {
    throw new ReportError(
      'report: got missing parts, or columns of different lengths; expected config, shards, and samples with an ' +
        'outcome for every id, condition and attack.',
    );
  }
  if (checks) {
    const expected = 'a list with a finding for each check';
    reportChecks.checkOption(
      'report.checks.findings',
      checks.findings,
      Array.isArray(checks.findings),
      expected,
    );
  }
}
