import type { Accuracy, ReportData } from '../data/reportData.js';
import { summaryOfChecks } from '../figures/checkSummary.js';
import {
  averageAccuracy,
  balanceOf,
  cleanAccuracy,
  conditionNames,
  robustAccuracy,
} from '../figures/reportFigures.js';
import { skippedSamples } from '../figures/skippedSamples.js';
import { checkCounts } from '../format/checkText.js';
import { percent, signed } from '../format/numbers.js';
import { checksMarkdown } from './checksMarkdown.js';
import { markdownTable } from './markdownTable.js';

/** A report as Markdown: the findings of its checks, and a table with a row for each condition and a column for each attack. */
export function reportMarkdown(data: ReportData): string {
  const cell = ({ accuracy, interval: [low, high] }: Accuracy) =>
    `${percent(accuracy)} (${percent(low)}–${percent(high)})`;
  const { attacks } = data.config;
  const rows: string[][] = [
    ['accuracy in % (95 % interval)', ...attacks],
    ['no attack', ...attacks.map(() => cell(cleanAccuracy(data)))],
    ...conditionNames(data).map((condition) => [
      `attack on ${condition}`,
      ...attacks.map((attack) => cell(robustAccuracy(data, condition, attack))),
    ]),
    ['average robust', ...attacks.map((attack) => cell(averageAccuracy(data, attack)))],
  ];
  const balances = attacks.map((attack) => balanceOf(data, attack));
  if (balances.some((balance) => balance !== undefined)) {
    rows.push(['balance (points)', ...balances.map((balance) => balance?.toFixed(1) ?? '–')]);
  }
  const improvements = attacks.map((attack) => data.improvement?.[attack]);
  if (improvements.some((ri) => ri)) {
    rows.push([
      'RI (points)',
      ...improvements.map((ri) =>
        ri ? `${signed(ri.points)} (${signed(ri.interval[0])} to ${signed(ri.interval[1])})` : '–',
      ),
    ]);
  }
  const checks = summaryOfChecks([data]);
  const skipped = skippedSamples([data]).map((sentence) => `**Warning:** ${sentence}`);
  const findings = checks
    ? [`Checks of the evaluation (${checks.subject}): ${checkCounts(checks)}.`, checksMarkdown(checks)]
    : [];
  return [...findings, ...skipped, markdownTable(rows)].join('\n\n');
}
