import { formatValue } from '@amr/internal';
import { DatasetError } from '../datasetError.js';

/** Labels as they were given: class numbers `[samples]` or `[samples, 1]`, names `[samples]`, or one-hot rows. */
export interface GivenLabels {
  values: readonly (number | string)[];
  shape: readonly number[];
}

/**
 * The class numbers of labels, and the names of the classes.
 * @throws {DatasetError} for rows that aren't one-hot, names without a class, and shapes that labels can't have; whether numbers
 * have a class is left to fromArrays
 */
export function classNumbers(
  { values, shape }: GivenLabels,
  names?: readonly string[],
): { labels: number[]; classes: readonly string[] } {
  const width = shape.slice(1).reduce((product, axis) => product * axis, 1);
  if (shape.length < 1 || shape.length > 2) {
    throw new DatasetError(
      `labels: got shape ${formatValue([...shape])}; expected class numbers [samples] or one-hot rows [samples, classes].`,
    );
  }
  if (values.some((value) => typeof value === 'string')) return fromNames(values, names);
  const numbers = values as readonly number[];
  const labels = width > 1 ? fromOneHot(numbers, width) : [...numbers];
  const count = width > 1 ? width : labels.reduce((most, label) => Math.max(most, label + 1), 0);
  if (names && width > 1 && names.length !== width) {
    throw new DatasetError(
      `classes: got ${names.length}; expected ${width}, the width of the one-hot labels.`,
    );
  }
  // Labels that are not whole numbers are refused with the others that have no class.
  const numbered = Number.isFinite(count) ? Math.ceil(count) : 0;
  return { labels, classes: names ?? Array.from({ length: numbered }, (_, i) => String(i)) };
}

function fromNames(
  values: GivenLabels['values'],
  names?: readonly string[],
): { labels: number[]; classes: readonly string[] } {
  const classes = names ?? [...new Set(values.map(String))].sort();
  const numbers = new Map(classes.map((name, i) => [name, i]));
  const labels = values.map((value, i) => {
    const found = typeof value === 'string' ? numbers.get(value) : undefined;
    if (found === undefined) {
      throw new DatasetError(
        `labels[${i}]: got ${formatValue(value)}; expected one of the classes ${formatValue([...classes])}.`,
      );
    }
    return found;
  });
  return { labels, classes };
}

function fromOneHot(values: readonly number[], width: number): number[] {
  return Array.from({ length: values.length / width }, (_, i) => {
    const row = values.slice(i * width, (i + 1) * width);
    const found = row.indexOf(1);
    if (found < 0 || row.some((value, at) => at !== found && value !== 0)) {
      throw new DatasetError(
        `labels[${i}]: got ${formatValue(row)}; expected a one-hot row, one 1 and zeros. For mixed labels, as of mixup, pass the ` +
          'number of the class that the sample belongs to.',
      );
    }
    return found;
  });
}
