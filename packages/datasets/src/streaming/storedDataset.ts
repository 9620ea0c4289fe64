import type { AugmentationOptions } from '../augment/augmentationOptions.js';
import type { StoredModality } from '../source/sourceFormat.js';
import type { SplitRule } from '../source/splitRule.js';
import type { BatchReader, StoredSamples } from './batchReader.js';
import { type ChoiceOptions, chosenSamples } from './chosenSamples.js';
import {
  type SampleMaker,
  type SampleOptions,
  type SampleRecipe,
  sampleMaker,
  sampleRecipe,
} from './sampleTransform.js';
import { type StreamedDataset, streamDataset } from './streamDataset.js';

/** How streamed data sets read. */
export interface StreamOptions extends ChoiceOptions, SampleOptions {
  /** Batches that are read ahead of the one that is being worked on. Default 2, or as many as there are worker threads. */
  prefetch?: number;
}

/** What there is, before any of it is read. */
export interface StoredListing {
  classes: readonly string[];
  modalities: { readonly [name: string]: StoredModality };
  splits: { readonly [name: string]: SplitRule };
  samples: readonly { id: string; label: number; tags: { readonly [name: string]: number } }[];
}

/**
 * Stored samples as a data set.
 * @param stored what they are read from, given the modalities that are used; closed with the data set
 * @param placeOf what a sample is found by there, from its position in the listing
 * @param readerOf who reads the batches
 * @throws {DatasetError} when an option can't be met
 */
export function storedDataset(
  { classes, modalities, splits, samples }: StoredListing,
  stored: (modalities: readonly string[]) => StoredSamples,
  placeOf: (position: number) => unknown,
  options: StreamOptions,
  readerOf: (recipe: SampleRecipe, maker: SampleMaker, stored: StoredSamples) => BatchReader,
): StreamedDataset {
  const recipe = sampleRecipe(modalities, classes, options);
  const maker = sampleMaker(recipe);
  const chosen = chosenSamples(samples, splits, options).map((position) => {
    const { id, label, tags } = samples[position]!;
    return { id, label, tags, place: placeOf(position) };
  });
  const source = stored(Object.keys(recipe.stored));
  const reader = readerOf(recipe, maker, source);
  return streamDataset({
    classes,
    modalities: maker.modalities,
    samples: chosen,
    reader,
    stored: source,
    plain: sampleMaker(plainRecipe(recipe)),
    prefetch: options.prefetch ?? 2,
    async close() {
      await reader.close();
      await source.close();
    },
  });
}

/** Without what is random: evenly spread frames, crops at the centre. */
function plainRecipe(recipe: SampleRecipe): SampleRecipe {
  const { crop } = recipe.augmentation;
  const augmentation: AugmentationOptions = crop ? { crop: { ...crop, place: 'centre' } } : {};
  return { ...recipe, sampling: 'uniform', augmentation };
}
