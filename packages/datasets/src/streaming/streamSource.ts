import { checkCount, optionKeys, rejectUnknownOptions } from '../options.js';
import { formatOf, sourceFormats } from '../sets/formats.js';
import type { SourceFormat } from '../source/sourceFormat.js';
import { batchReaderInline } from './batchReader.js';
import { batchReaderInThreads } from './batchThreads.js';
import { formatSamples } from './formatSamples.js';
import { defaultWorkers } from './preparedFolder.js';
import { type StreamOptions, storedDataset, streamKeys } from './storedDataset.js';
import type { StreamedDataset } from './streamDataset.js';

/** Options of {@link streamSource}. */
export interface StreamSourceOptions extends StreamOptions {
  /**
   * Number of threads that read; 0: the calling thread reads. Default: one less than there are cores, at most 4; 0 for your own
   * format, which can't be sent to another thread.
   */
  workers?: number;
  /** Ends listing the files. */
  signal?: AbortSignal;
}

const sourceKeys = optionKeys<StreamSourceOptions>({ ...streamKeys, workers: true, signal: true });

/**
 * A data set of the files as they were downloaded. Each sample is read shortly before its batch is needed, and not kept, so that
 * every epoch parses and decodes all files again. Use it to look at data, and for few samples; for training, prepare the data once.
 * @param format the files' format, as in `prepare`: `'ntu60'`, `'folder'`, ..., one of these formats, or your own
 * @param source the format's options: where the files are, and how they are read
 * @param options see {@link StreamSourceOptions}; the same as `preparedFolder`'s
 * @throws {DatasetError} when the files are missing, or an option is unknown or not valid; batches throw it for a damaged file, with
 *   its name and the place
 * @example
 * ```js
 * import { streamSource } from '@amr/datasets/node';
 * const clips = await streamSource('folder', { root: 'clips' }, { samples: 20 });
 * for await (const { inputs, labels } of clips.batches({ batchSize: 4 })) {
 *   for (const tensor of [...Object.values(inputs), labels]) tensor.dispose();
 * }
 * await clips.close();
 * ```
 */
export async function streamSource<Options>(
  format: SourceFormat<Options> | string,
  source: Options,
  options: StreamSourceOptions = {},
): Promise<StreamedDataset> {
  rejectUnknownOptions('streamSource', options, sourceKeys);
  const read = formatOf(format) as SourceFormat;
  const isKnown = sourceFormats[read.name] === read;
  const { workers = isKnown ? defaultWorkers() : 0 } = options;
  checkCount('workers', workers, 0);
  const listing = await read.list(source, options.signal);
  const { modalities, samples } = listing;
  const prefetch = options.prefetch ?? Math.max(2, workers);
  return storedDataset(
    listing,
    () => formatSamples(read, source, modalities),
    (position) => samples[position],
    { ...options, prefetch },
    (transform, transformer, stored) =>
      workers === 0 || !isKnown
        ? batchReaderInline(stored, transformer)
        : batchReaderInThreads(
            { origin: { format: read.name, options: source, modalities }, transform },
            workers,
          ),
  );
}
