import { availableParallelism } from 'node:os';
import { checkCount } from '../options.js';
import { folderSource } from '../prepared/folderSource.js';
import { openShards } from '../prepared/preparedShards.js';
import { batchReaderHere } from './batchReader.js';
import { batchReaderInThreads } from './batchThreads.js';
import { shardDataset } from './shardDataset.js';
import type { StreamOptions } from './storedDataset.js';
import type { StreamedDataset } from './streamDataset.js';

/** How {@link preparedFolder} reads. */
export interface PreparedFolderOptions extends StreamOptions {
  /** Threads that read; 0: the thread that asks for batches. Default one less than there are cores, at most 4. */
  workers?: number;
  /** Whether each sample's bytes are compared with their checksum, default true. */
  verify?: boolean;
  /** Ends opening. */
  signal?: AbortSignal;
}

/**
 * A data set of a folder that `amr-data prepare` has written. Samples are read when their batch is near, in threads, which also
 * pick frames, crop and augment; the thread that asks for batches only makes tensors of what comes. Which samples are in a batch,
 * and what is in them, depends on the seeds, the epoch and the samples' ids, not on the number of threads.
 *
 * Memory is that of `prefetch` batches and the one that is being worked on. Threads start with the first batch, don't keep the
 * process alive when nothing is asked of them, and end with `close`.
 * @param folder the folder that holds `manifest.json`
 * @param options see {@link PreparedFolderOptions}
 * @throws {DatasetError} when there is no manifest, it doesn't agree with itself, or an option can't be met; batches throw it for a
 *   shard that is damaged, with its name and where
 * @example
 * ```js
 * import { preparedFolder } from '@amr/datasets/node';
 * const train = await preparedFolder('prepared/ntu60', {
 *   split: 'xsub',
 *   part: 'train',
 *   frames: { rgb: 16, skeleton: 64 },
 *   sampling: 'segments',
 *   crop: { size: 112 },
 *   augmentation: { mirror: 0.5, roll: 10, zoom: 0.1 },
 * });
 * for await (const { inputs, labels } of train.batches({ batchSize: 8, seed: 1, epoch: 0 })) {
 *   console.log(inputs.rgb.shape, inputs.skeleton.shape); // [8, 16, 112, 112, 3] [8, 2, 64, 25, 3]
 *   for (const tensor of [...Object.values(inputs), labels]) tensor.dispose();
 * }
 * await train.close();
 * ```
 */
export async function preparedFolder(
  folder: string,
  options: PreparedFolderOptions = {},
): Promise<StreamedDataset> {
  const { workers = defaultWorkers(), verify = true, signal } = options;
  checkCount('workers', workers, 0);
  const shards = await openShards(folderSource(folder), { verify, signal });
  const prefetch = options.prefetch ?? Math.max(2, workers);
  return shardDataset(shards, { ...options, prefetch }, (recipe, maker, stored) =>
    workers === 0
      ? batchReaderHere(stored, maker)
      : batchReaderInThreads({ origin: { folder, verify }, recipe }, workers),
  );
}

/** A core is left to the thread that works on the batches. */
export const defaultWorkers = (): number => Math.min(4, availableParallelism() - 1);
