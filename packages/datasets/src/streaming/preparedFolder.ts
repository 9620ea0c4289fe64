import { availableParallelism } from 'node:os';
import { checkCount, optionKeys, rejectUnknownOptions } from '../options.js';
import { folderSource } from '../prepared/folderSource.js';
import { openShards } from '../prepared/preparedShards.js';
import { batchReaderInline } from './batchReader.js';
import { batchReaderInThreads } from './batchThreads.js';
import { shardDataset } from './shardDataset.js';
import { type StreamOptions, streamKeys } from './storedDataset.js';
import type { StreamedDataset } from './streamDataset.js';

/** Options of {@link preparedFolder}. */
export interface PreparedFolderOptions extends StreamOptions {
  /** Number of threads that read; 0: the calling thread reads. Default: one less than there are cores, at most 4. */
  workers?: number;
  /** Whether each sample's bytes are compared with their checksum, default true. */
  verify?: boolean;
  /** Ends opening the folder. */
  signal?: AbortSignal;
}

const folderKeys = optionKeys<PreparedFolderOptions>({
  ...streamKeys,
  workers: true,
  verify: true,
  signal: true,
});

/**
 * A data set of a folder that `amr-data prepare` has written. Worker threads read the samples shortly before their batch is
 * needed, pick frames, crop and augment; the calling thread only makes tensors. The samples of a batch and their values depend on
 * the seeds, the epoch and the samples' ids, not on the number of threads.
 *
 * At most `prefetch` batches are in memory, besides the one that is in use. Threads start with the first batch, don't keep the
 * process alive while they have no work, and end with `close`.
 * @param folder the folder that holds `manifest.json`
 * @param options see {@link PreparedFolderOptions}
 * @throws {DatasetError} when the manifest is missing or contradicts itself, or an option is unknown or not valid; batches throw it
 *   for a damaged shard, with its file and the offset
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
  rejectUnknownOptions('preparedFolder', options, folderKeys);
  const { workers = defaultWorkers(), verify = true, signal } = options;
  checkCount('workers', workers, 0);
  const shards = await openShards(folderSource(folder), { verify, signal });
  const prefetch = options.prefetch ?? Math.max(2, workers);
  return shardDataset(shards, { ...options, prefetch }, (transform, transformer, stored) =>
    workers === 0
      ? batchReaderInline(stored, transformer)
      : batchReaderInThreads({ origin: { folder, verify }, transform }, workers),
  );
}

/** Leaves one core to the thread that uses the batches. */
export const defaultWorkers = (): number => Math.min(4, availableParallelism() - 1);
