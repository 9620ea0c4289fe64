import { checksMarkdown, countsOf, summaryOfChecks } from '../figures/checkSummary.js';
import type { RobustnessReport } from '../robustnessReport.js';

/** A report as a Markdown table: a row for each condition, a column for each attack; then what the checks found. */
export function reportMarkdown(report: RobustnessReport): string {
  const cell = ({ accuracy, interval: [low, high] }: { accuracy: number; interval: [number, number] }) =>
    `${percent(accuracy)} (${percent(low)}–${percent(high)})`;
  const { attacks, conditions } = report;
  const rows: string[][] = [
    ['accuracy in % (95 % interval)', ...attacks],
    ['no attack', ...attacks.map(() => cell(report.clean))],
    ...conditions.map((condition) => [
      `attack on ${condition}`,
      ...attacks.map((attack) => cell(report.robust(condition, attack))),
    ]),
    ['average robust', ...attacks.map((attack) => cell(report.average(attack)))],
  ];
  if (attacks.some((attack) => report.balance(attack) !== undefined)) {
    rows.push(['balance (points)', ...attacks.map((attack) => report.balance(attack)?.toFixed(1) ?? '–')]);
  }
  if (attacks.some((attack) => report.improvement(attack))) {
    rows.push([
      'RI (points)',
      ...attacks.map((attack) => {
        const ri = report.improvement(attack);
        return ri ? `${signed(ri.points)} (${signed(ri.interval[0])} to ${signed(ri.interval[1])})` : '–';
      }),
    ]);
  }
  const checks = summaryOfChecks([report]);
  if (!checks) return markdownTable(rows);
  const heading = `Checks of the evaluation (${checks.subject}): ${countsOf(checks)}.`;
  return [markdownTable(rows), heading, checksMarkdown(checks)].join('\n\n');
}

/** Rows of cells, the first of them the head, as a Markdown table. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  const [head, ...body] = rows;
  return [line(head!), line(head!.map((_, i) => (i === 0 ? '---' : '---:'))), ...body.map(line)].join('\n');
}

/** A share as a percentage with one digit. */
export const percent = (share: number): string => (100 * share).toFixed(1);

/** A number of points with its sign and one digit. */
export const signed = (points: number): string => {
  const text = Math.abs(points).toFixed(1);
  return text === '0.0' ? '0.0' : `${points < 0 ? '−' : '+'}${text}`;
};
