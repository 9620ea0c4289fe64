import type { PreparedShards } from '../prepared/preparedShards.js';
import { shardSamples } from './shardSamples.js';
import { type StreamOptions, storedDataset } from './storedDataset.js';
import type { StreamedDataset } from './streamDataset.js';

/**
 * Prepared shards as a data set.
 * @param shards closed with the data set, and when an option is not valid
 * @param readerOf makes the reader of batches
 * @throws {DatasetError} when an option is not valid
 */
export async function shardDataset(
  shards: PreparedShards,
  options: StreamOptions,
  readerOf: Parameters<typeof storedDataset>[4],
): Promise<StreamedDataset> {
  try {
    return storedDataset(
      shards,
      (modalities) => shardSamples(shards, modalities),
      (position) => position,
      options,
      readerOf,
    );
  } catch (error) {
    await shards.close();
    throw error;
  }
}
