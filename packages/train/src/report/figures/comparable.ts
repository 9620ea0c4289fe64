import { ReportError } from '../../errors.js';
import type { ReportConfig, ReportData } from '../data/reportData.js';

/** @throws {ReportError} when two reports are not of the same samples, conditions and attacks */
export function assertComparable(a: ReportData, b: ReportData): void {
  const differing: string[] = configDifferences(a.config, b.config);
  const sameSamples =
    JSON.stringify(a.samples.ids) === JSON.stringify(b.samples.ids) &&
    JSON.stringify(a.samples.labels) === JSON.stringify(b.samples.labels);
  if (!sameSamples) differing.push('samples');
  if (differing.length > 0) {
    throw new ReportError(
      `reports: got reports that differ in ${differing.join(', ')}; expected the same samples, budgets and attacks in ` +
        'all. Evaluate the models with the same settings.',
    );
  }
}

/** The settings in which two evaluations differ and that make them incomparable. */
export function configDifferences(a: ReportConfig, b: ReportConfig): string[] {
  return (['classes', 'conditions', 'attacks', 'stopWhenFooled', 'eotSamples'] as const).filter(
    (field) => JSON.stringify(a[field]) !== JSON.stringify(b[field]),
  );
}
