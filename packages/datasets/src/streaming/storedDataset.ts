import type { AugmentationOptions } from '../augment/augmentationOptions.js';
import type { KeysOf } from '../options.js';
import type { StoredModality } from '../source/sourceFormat.js';
import type { SplitRule } from '../source/splitRule.js';
import type { BatchReader, StoredSamples } from './batchReader.js';
import { type ChoiceOptions, chosenSamples } from './chosenSamples.js';
import {
  type SampleOptions,
  type SampleTransform,
  type SampleTransformer,
  sampleTransform,
  sampleTransformer,
} from './sampleTransform.js';
import { type StreamedDataset, streamDataset } from './streamDataset.js';

/** Options of streamed data sets. */
export interface StreamOptions extends ChoiceOptions, SampleOptions {
  /** Number of batches that are read ahead. Default: 2, or as many as there are worker threads. */
  prefetch?: number;
}

/** All keys of {@link StreamOptions}, for the functions that extend them. */
export const streamKeys: KeysOf<StreamOptions> = {
  split: true,
  part: true,
  samples: true,
  modalities: true,
  frames: true,
  sampling: true,
  seed: true,
  crop: true,
  augmentation: true,
  prefetch: true,
};

/** What is known of a data set before any sample is read. */
export interface StoredListing {
  classes: readonly string[];
  modalities: { readonly [name: string]: StoredModality };
  splits: { readonly [name: string]: SplitRule };
  samples: readonly { id: string; label: number; tags: { readonly [name: string]: number } }[];
}

/**
 * Stored samples as a data set.
 * @param stored opens the samples for reading, given the modalities that are used; they are closed with the data set
 * @param placeOf what a sample is found by there, from its position in the listing
 * @param readerOf makes the reader of batches
 * @throws {DatasetError} when an option is not valid
 */
export function storedDataset(
  { classes, modalities, splits, samples }: StoredListing,
  stored: (modalities: readonly string[]) => StoredSamples,
  placeOf: (position: number) => unknown,
  options: StreamOptions,
  readerOf: (
    transform: SampleTransform,
    transformer: SampleTransformer,
    stored: StoredSamples,
  ) => BatchReader,
): StreamedDataset {
  const transform = sampleTransform(modalities, classes, options);
  const transformer = sampleTransformer(transform);
  const chosen = chosenSamples(samples, splits, options).map((position) => {
    const { id, label, tags } = samples[position]!;
    return { id, label, tags, place: placeOf(position) };
  });
  const source = stored(Object.keys(transform.stored));
  const reader = readerOf(transform, transformer, source);
  return streamDataset({
    classes,
    modalities: transformer.modalities,
    samples: chosen,
    reader,
    stored: source,
    plain: sampleTransformer(plainTransform(transform)),
    prefetch: options.prefetch ?? 2,
    async close() {
      await reader.close();
      await source.close();
    },
  });
}

/** The transform without its random parts: evenly spread frames, crops at the centre. */
function plainTransform(transform: SampleTransform): SampleTransform {
  const { crop } = transform.augmentation;
  const augmentation: AugmentationOptions = crop ? { crop: { ...crop, place: 'center' } } : {};
  return { ...transform, sampling: 'uniform', augmentation };
}
