import type { PreparedShards } from '../prepared/preparedShards.js';
import type { StoredSamples } from './batchReader.js';

/** Samples of prepared shards; a sample's place is its position in them. */
export function shardSamples(shards: PreparedShards, modalities: readonly string[]): StoredSamples {
  return {
    async read({ place }, signal) {
      return (await shards.sample(place as number, { modalities, signal })).arrays;
    },
    close: () => shards.close(),
  };
}
