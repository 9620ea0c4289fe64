import { DatasetError } from '../datasetError.js';
import { checkCount } from '../options.js';
import { partOfSplit, type SplitPart, type SplitRule } from '../source/splitRule.js';

/** Which samples are taken. */
export interface ChoiceOptions {
  /** Name of the protocol that the samples are split by, such as `'xsub'`. Default: the data set's only one, if it has one. */
  split?: string;
  /** Which part of the split; default all samples, whatever the split. */
  part?: SplitPart;
  /** Only so many of them, spread evenly over the classes and in each over its samples; or those of these ids, in this order. */
  samples?: number | readonly string[];
}

/**
 * Positions of the samples that are taken.
 * @throws {DatasetError} when there is no such split or id, or nothing is left
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
        `samples: there is no sample '${id}' in ${options.part ? `the part '${options.part}'` : 'the data'}`,
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
  if (split !== undefined && !Object.hasOwn(splits, split)) {
    throw new DatasetError(
      `split: there is no '${split}'; ${names.length > 0 ? `there are ${names.join(', ')}` : 'the data set has none'}`,
    );
  }
  if (part === undefined) return samples.map((_, i) => i);
  if (part !== 'train' && part !== 'test') {
    throw new DatasetError(`part: '${part}' was given, 'train' or 'test' was expected`);
  }
  const name = split ?? (names.length === 1 ? names[0]! : undefined);
  if (name === undefined) {
    throw new DatasetError(
      `part: '${part}' of which split? ${names.length > 0 ? `Give split: ${names.join(', ')}` : 'The data set has none'}`,
    );
  }
  const positions = partOfSplit(samples, splits[name]!, part);
  if (positions.length === 0) {
    throw new DatasetError(`the part '${part}' of split '${name}' has none of the ${samples.length} samples`);
  }
  return positions;
}

/** `count` of the positions, evenly over them once they are sorted by label, in their own order again. */
function spread(positions: readonly number[], count: number, label: (position: number) => number): number[] {
  if (count >= positions.length) return [...positions];
  const sorted = positions.toSorted((a, b) => label(a) - label(b) || a - b);
  const taken = Array.from(
    { length: count },
    (_, i) => sorted[Math.floor(((i + 0.5) * sorted.length) / count)]!,
  );
  return taken.sort((a, b) => a - b);
}
