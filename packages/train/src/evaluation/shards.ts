import type { Dataset } from '@amr/internal';
import { TrainOptionError } from '../errors.js';
import { rejectUnknownOptions } from '../options.js';
import type { Shard } from '../report/data/reportData.js';

/** The samples of a shard. */
export interface ShardSamples {
  /** The samples. */
  set: Dataset;
  /** Numbers of the shard's batches in the whole test set. */
  batchNumbers: number[];
}

/**
 * The samples of a shard. Whole batches are dealt out to the shards in turn, so that a batch has the same samples and the
 * same random numbers whatever the number of shards.
 * @throws {TrainOptionError} when there is no such shard, or there are more shards than batches
 */
export function samplesOf(testSet: Dataset, batchSize: number, shard: Shard): ShardSamples {
  const batches = Math.ceil(testSet.size / batchSize);
  checkShard(shard, testSet.size, batches, batchSize);
  const { index, count } = shard;
  const batchNumbers = [...Array(batches).keys()].filter((number) => number % count === index);
  if (count === 1) return { set: testSet, batchNumbers };
  const rows = batchNumbers.flatMap((number) =>
    [...Array(batchSize).keys()].map((i) => number * batchSize + i).filter((row) => row < testSet.size),
  );
  return { set: testSet.subset(rows), batchNumbers };
}

function checkShard(shard: Shard, samples: number, batches: number, batchSize: number): void {
  rejectUnknownOptions('evaluateRobustness.shard', shard, ['index', 'count'] satisfies (keyof Shard)[]);
  const { index, count } = shard;
  if (!(Number.isSafeInteger(count) && Number.isSafeInteger(index) && index >= 0 && index < count)) {
    throw new TrainOptionError(
      `evaluateRobustness.shard: got index ${index} of count ${count}; expected whole numbers with 0 <= index < count.`,
    );
  }
  if (count > batches) {
    throw new TrainOptionError(
      `evaluateRobustness.shard.count: got ${count}; expected at most ${batches}, as ${samples} samples make ${batches} ` +
        `batches of ${batchSize}. Use fewer shards or smaller batches.`,
    );
  }
}
