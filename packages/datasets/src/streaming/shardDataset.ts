import type { AugmentationOptions } from '../augment/augmentationOptions.js';
import type { PreparedShards } from '../prepared/preparedShards.js';
import type { BatchReader, StoredSamples } from './batchReader.js';
import { type ChoiceOptions, chosenSamples } from './chosenSamples.js';
import {
  type SampleMaker,
  type SampleOptions,
  type SampleRecipe,
  sampleMaker,
  sampleRecipe,
} from './recipe.js';
import { shardSamples } from './shardSamples.js';
import { type StreamedDataset, streamDataset } from './streamDataset.js';

/** How streamed data sets read. */
export interface StreamOptions extends ChoiceOptions, SampleOptions {
  /** Batches that are read ahead of the one that is being worked on. Default 2, or as many as there are worker threads. */
  prefetch?: number;
}

/**
 * Prepared shards as a data set.
 * @param shards are closed with the data set, and when an option is wrong
 * @param readerOf who reads the batches
 */
export async function shardDataset(
  shards: PreparedShards,
  options: StreamOptions,
  readerOf: (recipe: SampleRecipe, maker: SampleMaker, stored: StoredSamples) => BatchReader,
): Promise<StreamedDataset> {
  try {
    const recipe = sampleRecipe(shards.modalities, shards.classes, options);
    const maker = sampleMaker(recipe);
    const stored = shardSamples(shards, Object.keys(recipe.stored));
    const reader = readerOf(recipe, maker, stored);
    return streamDataset({
      classes: shards.classes,
      modalities: maker.modalities,
      samples: chosenSamples(shards.samples, shards.splits, options).map((place) => {
        const { id, label, tags } = shards.samples[place]!;
        return { id, label, tags, place };
      }),
      reader,
      stored,
      plain: sampleMaker(plainRecipe(recipe)),
      prefetch: options.prefetch ?? 2,
      async close() {
        await reader.close();
        await stored.close();
      },
    });
  } catch (error) {
    await shards.close();
    throw error;
  }
}

/** Without what is random: evenly spread frames, crops at the centre. */
function plainRecipe(recipe: SampleRecipe): SampleRecipe {
  const { crop } = recipe.augmentation;
  const augmentation: AugmentationOptions = crop ? { crop: { ...crop, place: 'centre' } } : {};
  return { ...recipe, sampling: 'uniform', augmentation };
}
