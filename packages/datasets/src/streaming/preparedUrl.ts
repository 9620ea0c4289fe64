import { httpSource } from '../prepared/httpSource.js';
import { openShards } from '../prepared/preparedShards.js';
import { batchReaderHere } from './batchReader.js';
import { shardDataset } from './shardDataset.js';
import type { StreamOptions } from './storedDataset.js';
import type { StreamedDataset } from './streamDataset.js';

/** How {@link preparedUrl} reads. */
export interface PreparedUrlOptions extends StreamOptions {
  /** Whether each sample's bytes are compared with their checksum, default true. */
  verify?: boolean;
  /** Ends opening. */
  signal?: AbortSignal;
}

/**
 * A data set of prepared shards that a server gives, in a browser or in Node: samples are read by ranges when their batch is near,
 * and made in this thread. In Node, `preparedFolder` of the Node entry reads folders, in threads.
 * @param url address of the folder that holds `manifest.json`
 * @param options see {@link PreparedUrlOptions}
 * @throws {DatasetError} when there is no manifest, it doesn't agree with itself, or an option can't be met
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
  const { verify, signal } = options;
  const shards = await openShards(httpSource(url), { verify, signal });
  return shardDataset(shards, options, (_, maker, stored) => batchReaderHere(stored, maker));
}
