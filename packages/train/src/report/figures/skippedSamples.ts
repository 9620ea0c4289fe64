import type { ReportData } from '../data/reportData.js';

/** What a model's reports say of samples that were skipped: a sentence for each condition and attack that has any. */
export function skippedSamples(reports: readonly ReportData[]): string[] {
  const counts = new Map<string, number>();
  for (const { skipped = {} } of reports) {
    for (const [condition, attacks] of Object.entries(skipped)) {
      for (const [attack, ids] of Object.entries(attacks)) {
        const subject = `${attack} on ${condition}`;
        counts.set(subject, (counts.get(subject) ?? 0) + ids.length);
      }
    }
  }
  const total = reports.reduce((sum, { samples }) => sum + samples.ids.length, 0);
  return [...counts].map(
    ([subject, count]) =>
      `${subject} skipped ${count} of ${total} samples, as their gradient is not finite. They count as robust, so this accuracy may be too high.`,
  );
}
