import type {
  ComparedAttack,
  ComparedFigure,
  ComparedModel,
  RobustnessComparison,
} from '../compareReports.js';
import { threatModelText } from '../data/threatModelDescription.js';
import { checkLabel, checksMarkdown, countsOf } from '../figures/checkSummary.js';
import { markdownTable, percent, signed } from '../markdown/reportMarkdown.js';

/** A column of the comparison: its head, a model's figure in it, and how a value is written. */
export interface ComparisonColumn {
  /** Head. */
  head: string;
  /** What kind of figure it is. */
  kind: 'clean' | 'condition' | 'average' | 'improvement' | 'balance';
  /** The figure of a model, if it has one. */
  of: (model: ComparedModel) => ComparedFigure | undefined;
  /** A value as text. */
  text: (value: number) => string;
}

/** The columns of an attack's table; those without a figure are left out. */
export function columnsOf(comparison: RobustnessComparison, { models }: ComparedAttack): ComparisonColumn[] {
  const points = (value: number) => value.toFixed(1);
  const columns: ComparisonColumn[] = [
    { head: 'clean', kind: 'clean', of: ({ clean }) => clean, text: percent },
    ...comparison.first.data.config.conditions.map(
      ({ name, modalities }): ComparisonColumn => ({
        head: conditionLabel(name, modalities),
        kind: 'condition',
        of: ({ robust }) => robust[name],
        text: percent,
      }),
    ),
    { head: 'average', kind: 'average', of: ({ average }) => average, text: percent },
    { head: 'RI', kind: 'improvement', of: ({ improvement }) => improvement, text: signed },
    { head: 'balance', kind: 'balance', of: ({ balance }) => balance, text: points },
  ];
  return columns.filter(({ of }) => models.some((model) => of(model)));
}

/** 'rgb only' for a condition that attacks one modality, else its own name. */
export const conditionLabel = (name: string, modalities: readonly string[]): string =>
  modalities.length === 1 && modalities[0] === name ? `${name} only` : name;

/** What the figures mean, in sentences. */
export function explanation(comparison: RobustnessComparison): string[] {
  const { samples, conditions } = comparison.first.data.config;
  const seeds = Math.max(...[...comparison.reports.values()].map(({ length }) => length));
  const hasSingle = [...comparison.reports.values()].some(({ length }) => length === 1);
  const ranges = [
    hasSingle && 'the 95 % interval of the accuracy on other samples of the same kind',
    seeds > 1 && 'for several training seeds the least and the greatest value',
  ].filter(Boolean);
  const own = conditions.filter(({ modalities }) => modalities.length > 0);
  return [
    `Accuracies in % of all ${samples} test samples; a sample that is wrong without an attack counts as wrong. In brackets ${ranges.join(', or ')}.`,
    `Conditions: ${own.map((condition) => `${conditionLabel(condition.name, condition.modalities)}: ${threatModelText(condition)}`).join('; ')}.`,
    ...(comparison.options.baseline
      ? [
          `RI: (clean + average robust accuracy) minus that of '${comparison.options.baseline}', in points, with the 95 % interval of the differences sample by sample.`,
        ]
      : []),
    'Balance: difference between the accuracies under the attacks on one modality alone, in points; less is more even.',
    "A figure is marked as best only when its range lies above every other model's.",
    ...(hasSingle
      ? ['Intervals of one training seed say nothing about how much another seed would change the model.']
      : []),
  ];
}

/** Text of a cell: the value, and its range in brackets. */
export function cellText(
  { of, text }: ComparisonColumn,
  model: ComparedModel,
): { value: string; range: string; best: boolean } {
  const figure = of(model);
  if (!figure) return { value: '–', range: '', best: false };
  const range = figure.range ? `${text(figure.range[0])}–${text(figure.range[1])}` : '';
  const signedRange = figure.range ? `${text(figure.range[0])} to ${text(figure.range[1])}` : '';
  return { value: text(figure.value), range: text === signed ? signedRange : range, best: figure.best };
}

/** The comparison as Markdown. */
export function comparisonMarkdown(comparison: RobustnessComparison): string {
  const { title, notes = [], settings = {} } = comparison.options;
  const tables = comparison.attacks.map((compared) => {
    const columns = columnsOf(comparison, compared);
    const rows = compared.models.map((model) => [
      nameOf(model),
      ...columns.map((column) => {
        const { value, range, best } = cellText(column, model);
        return `${best ? `**${value}**` : value}${range && ` (${range})`}`;
      }),
    ]);
    return `### ${compared.attack}\n\n${markdownTable([['model', ...columns.map(({ head }) => head)], ...rows])}`;
  });
  const checks = Object.entries(comparison.checks).map(
    ([model, summary]) =>
      `Checks of ${model} (${summary.subject}): ${countsOf(summary)}.\n\n${checksMarkdown(summary)}`,
  );
  const listed = Object.entries(settings).map(([name, value]) => `- ${name}: ${value}`);
  return [
    ...(title ? [`## ${title}`] : []),
    ...tables,
    ...checks,
    explanation(comparison).join('\n'),
    ...(notes.length > 0 ? [notes.join('\n')] : []),
    ...(listed.length > 0 ? [listed.join('\n')] : []),
  ].join('\n\n');
}

/** The comparison for a terminal: a table for each attack, without the ranges, for width; of the checks the warnings. */
export function comparisonText(comparison: RobustnessComparison): string {
  const tables = comparison.attacks.map((compared) => {
    const columns = columnsOf(comparison, compared);
    const rows = [
      // A space after each head: the cells beneath end in a mark or a space.
      [compared.attack, ...columns.map(({ head }) => `${head} `)],
      ...compared.models.map((model) => [
        nameOf(model),
        ...columns.map((column) => {
          const { value, best } = cellText(column, model);
          return `${value}${best ? '*' : ' '}`;
        }),
      ]),
    ];
    const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => [...row[i]!].length)));
    const line = (row: readonly string[]) =>
      row
        .map((text, i) =>
          i === 0 ? pad(text, widths[i]!) : ' '.repeat(widths[i]! - [...text].length) + text,
        )
        .join('  ');
    return rows.map((row) => line(row).trimEnd()).join('\n');
  });
  const checks = Object.entries(comparison.checks).map(([model, summary]) =>
    [
      `Checks of ${model} (${summary.subject}): ${countsOf(summary)}`,
      ...summary.warnings.map((finding) => `! ${checkLabel(finding)}: ${finding.message}`),
    ].join('\n'),
  );
  return [
    ...tables,
    ...(checks.length > 0 ? [checks.join('\n')] : []),
    explanation(comparison).slice(0, 1).join(' '),
    ...(comparison.options.notes ?? []),
  ].join('\n\n');
}

const nameOf = ({ name, seeds }: ComparedModel) => (seeds > 1 ? `${name} (${seeds} seeds)` : name);
const pad = (text: string, width: number) => text + ' '.repeat(width - [...text].length);
