import type { Comparison } from '../figures/comparison.js';
import { checkCounts } from '../format/checkText.js';
import { cellText, columnsOf, modelLabel } from '../format/comparisonColumns.js';
import { explanation } from '../format/explanation.js';
import { checksMarkdown } from './checksMarkdown.js';
import { markdownTable } from './markdownTable.js';

/** The comparison as Markdown. */
export function comparisonMarkdown(comparison: Comparison): string {
  const { title, notes = [], settings = {} } = comparison.options;
  const tables = comparison.attacks.map((compared) => {
    const columns = columnsOf(comparison, compared);
    const rows = compared.models.map((model) => [
      modelLabel(model),
      ...columns.map((column) => {
        const { value, range, best } = cellText(column, model);
        return `${best ? `**${value}**` : value}${range && ` (${range})`}`;
      }),
    ]);
    return `### ${compared.attack}\n\n${markdownTable([['model', ...columns.map(({ head }) => head)], ...rows])}`;
  });
  const checks = Object.entries(comparison.checks).map(
    ([model, summary]) =>
      `Checks of ${model} (${summary.subject}): ${checkCounts(summary)}.\n\n${checksMarkdown(summary)}`,
  );
  const skipped = Object.entries(comparison.skipped).flatMap(([model, sentences]) =>
    sentences.map((sentence) => `**Warning, ${model}:** ${sentence}`),
  );
  const listed = Object.entries(settings).map(([name, value]) => `- ${name}: ${value}`);
  return [
    ...(title ? [`## ${title}`] : []),
    ...checks,
    ...skipped,
    ...tables,
    explanation(comparison).join('\n'),
    ...(notes.length > 0 ? [notes.join('\n')] : []),
    ...(listed.length > 0 ? [listed.join('\n')] : []),
  ].join('\n\n');
}
