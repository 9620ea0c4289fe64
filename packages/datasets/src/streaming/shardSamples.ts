import type { PreparedShards, StoredSample } from '../prepared/preparedShards.js';
import type { StoredSamples } from './batchReader.js';

/** Samples of prepared shards; a sample's place is its position in them. Their arrays are used again, so that few are allocated. */
export function shardSamples(shards: PreparedShards, modalities: readonly string[]): StoredSamples {
  const spare: StoredSample['arrays'][] = [];
  return {
    async read({ place }, signal) {
      return (await shards.sample(place as number, { modalities, signal, spare: spare.pop() })).arrays;
    },
    reuse: (arrays) => void spare.push(arrays),
    close: () => shards.close(),
  };
}
