import type { ComparedAttack, Comparison } from '../figures/comparison.js';
import { checkCounts, checkLabel } from '../format/checkText.js';
import { cellText, columnsOf, modelLabel } from '../format/comparisonColumns.js';
import { explanation } from '../format/explanation.js';

/** The comparison for a terminal: the warnings of the checks, and a table for each attack, narrow since it has no ranges. */
export function comparisonText(comparison: Comparison): string {
  const tables = comparison.attacks.map((compared) => attackTable(comparison, compared));
  const checks = Object.entries(comparison.checks).map(([model, summary]) =>
    [
      `Checks of ${model} (${summary.subject}): ${checkCounts(summary)}`,
      ...summary.warnings.map((finding) => `! ${checkLabel(finding)}: ${finding.message}`),
    ].join('\n'),
  );
  const skipped = Object.entries(comparison.skipped).flatMap(([model, sentences]) =>
    sentences.map((sentence) => `! ${model}: ${sentence}`),
  );
  const findings = [...checks, ...skipped];
  return [
    ...(findings.length > 0 ? [findings.join('\n')] : []),
    ...tables,
    explanation(comparison)[0]!,
    ...(comparison.options.notes ?? []),
  ].join('\n\n');
}

function attackTable(comparison: Comparison, compared: ComparedAttack): string {
  const columns = columnsOf(comparison, compared);
  const rows = [
    // A space after each head: the cells below end in a mark or a space.
    [compared.attack, ...columns.map(({ head }) => `${head} `)],
    ...compared.models.map((model) => [
      modelLabel(model),
      ...columns.map((column) => {
        const { value, best } = cellText(column, model);
        return `${value}${best ? '*' : ' '}`;
      }),
    ]),
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => [...row[i]!].length)));
  const line = (row: readonly string[]) =>
    row
      .map((text, i) => {
        const padding = ' '.repeat(widths[i]! - [...text].length);
        return i === 0 ? text + padding : padding + text;
      })
      .join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}
