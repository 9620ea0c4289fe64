import { mismatch } from '@amr/internal';
import { DatasetError } from '../datasetError.js';
import { checkCount } from '../options.js';
import { partOfSplit, type SplitPart, type SplitRule } from '../source/splitRule.js';

/** Options of which samples are taken. */
export interface ChoiceOptions {
  /** Name of the protocol that splits the samples, such as `'xsub'`. Default: the data set's only one. */
  split?: string;
  /** The part of the split. Default: all samples. */
  part?: SplitPart;
  /** A number of samples, spread evenly over the classes and within each class; or ids of samples, in this order. Default: all. */
  samples?: number | readonly string[];
}

/**
 * Positions of the chosen samples.
 * @throws {DatasetError} when a split or id doesn't exist, or no sample is left
 */
export function chosenSamples(
  samples: readonly { id: string; label: number; tags: { readonly [name: string]: number } }[],
  splits: { readonly [name: string]: SplitRule },
  options: ChoiceOptions,
): number[] {
  const part = partOf(samples, splits, options);
  const { samples: wanted } = options;
  if (wanted === undefined) return part;
  if (typeof wanted === 'number') {
    checkCount('samples', wanted);
    return spread(part, wanted, (position) => samples[position]!.label);
  }
  const positions = new Map(part.map((position) => [samples[position]!.id, position]));
  return wanted.map((id) => {
    const position = positions.get(id);
    if (position === undefined) {
      throw new DatasetError(
        mismatch(
          'samples',
          id,
          `ids of samples of ${options.part ? `the part '${options.part}'` : 'the data set'}`,
        ),
      );
    }
    return position;
  });
}

function partOf(
  samples: Parameters<typeof chosenSamples>[0],
  splits: { readonly [name: string]: SplitRule },
  { split, part }: ChoiceOptions,
): number[] {
  const names = Object.keys(splits);
  const splitNames = names.length > 0 ? `one of ${names.join(', ')}` : 'no split, as the data set has none';
  if (split !== undefined && !Object.hasOwn(splits, split)) {
    throw new DatasetError(mismatch('split', split, splitNames));
  }
  if (part === undefined) return samples.map((_, i) => i);
  if (part !== 'train' && part !== 'test') {
    throw new DatasetError(mismatch('part', part, "'train' or 'test'"));
  }
  const name = split ?? (names.length === 1 ? names[0]! : undefined);
  if (name === undefined) {
    throw new DatasetError(mismatch('split', split, `${splitNames}, since part is '${part}'`));
  }
  const positions = partOfSplit(samples, splits[name]!, part);
  if (positions.length === 0) {
    throw new DatasetError(
      `part: got '${part}' of split '${name}', which has none of the ${samples.length} samples; expected at least one.`,
    );
  }
  return positions;
}

/** So many of the positions: sorted by label, evenly spaced, and back in their order. */
function spread(positions: readonly number[], count: number, label: (position: number) => number): number[] {
  if (count >= positions.length) return [...positions];
  const sorted = positions.toSorted((a, b) => label(a) - label(b) || a - b);
  const taken = Array.from(
    { length: count },
    (_, i) => sorted[Math.floor(((i + 0.5) * sorted.length) / count)]!,
  );
  return taken.sort((a, b) => a - b);
}
