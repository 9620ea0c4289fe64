import { DatasetError } from '../datasetError.js';

/** Which part of a split a sample is in. */
export type SplitPart = 'train' | 'test';

/** A protocol of evaluation: by a tag of the samples (cross-subject, cross-view, cross-setup), or by lists of ids. Plain data. */
export type SplitRule =
  | {
      /** Name of the tag, such as `'subject'`. */
      by: string;
      /** Values of the tag in the training part. */
      train: readonly number[];
      /** Values in the test part. Default: all others. Samples with neither are in no part. */
      test?: readonly number[];
    }
  | {
      /** Ids by part; samples in neither are in no part. */
      ids: {
        /** Ids of the training samples. */
        train: readonly string[];
        /** Ids of the test samples. */
        test: readonly string[];
      };
    };

/**
 * Positions of the samples in one part of a split, in order.
 * @throws {DatasetError} when a sample lacks the tag of the rule
 */
export function partOfSplit(
  samples: readonly { id: string; tags: { readonly [name: string]: number } }[],
  rule: SplitRule,
  part: SplitPart,
): number[] {
  if ('ids' in rule) {
    const wanted = new Set(rule.ids[part]);
    return samples.flatMap(({ id }, i) => (wanted.has(id) ? [i] : []));
  }
  const train = new Set(rule.train);
  const test = rule.test && new Set(rule.test);
  return samples.flatMap(({ id, tags }, i) => {
    const value = tags[rule.by];
    if (value === undefined) {
      throw new DatasetError(
        `split.by: got '${rule.by}'; expected a tag of sample '${id}': ${Object.keys(tags).join(', ')}.`,
      );
    }
    const isIn = part === 'train' ? train.has(value) : test ? test.has(value) : !train.has(value);
    return isIn ? [i] : [];
  });
}
