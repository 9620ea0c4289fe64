import { optionKeys, rejectUnknownOptions } from '../options.js';
import { httpSource } from '../prepared/httpSource.js';
import { openShards } from '../prepared/preparedShards.js';
import { batchReaderInline } from './batchReader.js';
import { shardDataset } from './shardDataset.js';
import { type StreamOptions, streamKeys } from './storedDataset.js';
import type { StreamedDataset } from './streamDataset.js';

/** Options of {@link preparedUrl}. */
export interface PreparedUrlOptions extends StreamOptions {
  /** Whether each sample's bytes are compared with their checksum, default true. */
  verify?: boolean;
  /** Ends opening the shards. */
  signal?: AbortSignal;
}

const urlKeys = optionKeys<PreparedUrlOptions>({ ...streamKeys, verify: true, signal: true });

/**
 * A data set of prepared shards on a server, in a browser or in Node. Samples are read by ranges shortly before their batch is
 * needed, and transformed in this thread. In Node, `preparedFolder` of the Node entry reads folders in threads.
 * @param url address of the folder that holds `manifest.json`
 * @param options see {@link PreparedUrlOptions}
 * @throws {DatasetError} when the manifest is missing or contradicts itself, or an option is unknown or not valid
 * @example
 * ```js
 * import { preparedUrl } from '@amr/datasets';
 * const test = await preparedUrl('https://example.org/prepared/ntu60', { split: 'xsub', part: 'test', samples: 100 });
 * for await (const { inputs, labels } of test.batches({ batchSize: 4 })) {
 *   console.log(inputs.rgb.shape);
 *   for (const tensor of [...Object.values(inputs), labels]) tensor.dispose();
 * }
 * await test.close();
 * ```
 */
export async function preparedUrl(url: string, options: PreparedUrlOptions = {}): Promise<StreamedDataset> {
  rejectUnknownOptions('preparedUrl', options, urlKeys);
  const { verify, signal } = options;
  const shards = await openShards(httpSource(url), { verify, signal });
  return shardDataset(shards, options, (_, transformer, stored) => batchReaderInline(stored, transformer));
}
