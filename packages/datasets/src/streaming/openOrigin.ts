import { mismatch } from '@amr/internal';
import { DatasetError } from '../datasetError.js';
import { folderSource } from '../prepared/folderSource.js';
import { openShards } from '../prepared/preparedShards.js';
import type { StoredSamples } from './batchReader.js';
import type { StreamOrigin } from './batchThreads.js';
import { formatSamples } from './formatSamples.js';
import { shardSamples } from './shardSamples.js';

/** Opens what a worker thread reads from. */
export async function openOrigin(
  origin: StreamOrigin,
  modalities: readonly string[],
): Promise<StoredSamples> {
  if ('folder' in origin) {
    const { folder, verify } = origin;
    return shardSamples(await openShards(folderSource(folder), { verify }), modalities);
  }
  // Imported only here: formats load many modules that prepared folders don't need.
  const { sourceFormats } = await import('../sets/formats.js');
  const format = sourceFormats[origin.format];
  if (!format) {
    throw new DatasetError(
      mismatch('format', origin.format, `one of ${Object.keys(sourceFormats).join(', ')}`),
    );
  }
  return formatSamples(format, origin.options, origin.modalities);
}
