import { DatasetError } from '../datasetError.js';
import { folderSource } from '../prepared/folderSource.js';
import { openShards } from '../prepared/preparedShards.js';
import type { StoredSamples } from './batchReader.js';
import type { StreamOrigin } from './batchThreads.js';
import { formatSamples } from './formatSamples.js';
import { shardSamples } from './shardSamples.js';

/** Opens what a thread reads from. */
export async function openOrigin(
  origin: StreamOrigin,
  modalities: readonly string[],
): Promise<StoredSamples> {
  if ('folder' in origin) {
    const { folder, verify } = origin;
    return shardSamples(await openShards(folderSource(folder), { verify }), modalities);
  }
  // Only here: formats bring along much that prepared folders don't need.
  const { sourceFormats } = await import('../sets/formats.js');
  const format = sourceFormats[origin.format];
  if (!format) throw new DatasetError(`there is no format '${origin.format}' for threads to read`);
  return formatSamples(format, origin.options, origin.modalities);
}
