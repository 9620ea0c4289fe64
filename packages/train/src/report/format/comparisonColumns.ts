import type { ComparedAttack, ComparedFigure, ComparedModel, Comparison } from '../figures/comparison.js';
import { percent, signed } from './numbers.js';

/** A column of the comparison. */
export interface ComparisonColumn {
  /** Heading. */
  head: string;
  /** Kind of figure. */
  kind: 'clean' | 'condition' | 'average' | 'improvement' | 'balance';
  /** The figure of a model, if it has one. */
  figure: (model: ComparedModel) => ComparedFigure | undefined;
  /** A value as text. */
  text: (value: number) => string;
}

/** The columns of an attack's table, without those that have no figure. */
export function columnsOf({ config }: Comparison, { models }: ComparedAttack): ComparisonColumn[] {
  const points = (value: number) => value.toFixed(1);
  const columns: ComparisonColumn[] = [
    { head: 'clean', kind: 'clean', figure: ({ clean }) => clean, text: percent },
    ...config.conditions.map(
      ({ name, modalities }): ComparisonColumn => ({
        head: conditionLabel(name, modalities),
        kind: 'condition',
        figure: ({ robust }) => robust[name],
        text: percent,
      }),
    ),
    { head: 'average', kind: 'average', figure: ({ average }) => average, text: percent },
    { head: 'RI', kind: 'improvement', figure: ({ improvement }) => improvement, text: signed },
    { head: 'balance', kind: 'balance', figure: ({ balance }) => balance, text: points },
  ];
  return columns.filter(({ figure }) => models.some((model) => figure(model)));
}

/** 'rgb only' for a condition that attacks one modality and is named after it, else its own name. */
export const conditionLabel = (name: string, modalities: readonly string[]): string =>
  modalities.length === 1 && modalities[0] === name ? `${name} only` : name;

/** Text of a cell: the value, and its range. */
export function cellText(
  { figure, text }: ComparisonColumn,
  model: ComparedModel,
): { value: string; range: string; best: boolean } {
  const found = figure(model);
  if (!found) return { value: '–', range: '', best: false };
  const separator = text === signed ? ' to ' : '–';
  const range = found.range ? found.range.map(text).join(separator) : '';
  return { value: text(found.value), range, best: found.best };
}

/** A model's name, with the number of its seeds when there are several. */
export const modelLabel = ({ name, seeds }: ComparedModel): string =>
  seeds > 1 ? `${name} (${seeds} seeds)` : name;
