import { checkCount } from '../options.js';
import { formatOf, sourceFormats } from '../sets/formats.js';
import type { SourceFormat } from '../source/sourceFormat.js';
import { batchReaderHere } from './batchReader.js';
import { batchReaderInThreads } from './batchThreads.js';
import { formatSamples } from './formatSamples.js';
import { defaultWorkers } from './preparedFolder.js';
import { type StreamOptions, storedDataset } from './storedDataset.js';
import type { StreamedDataset } from './streamDataset.js';

/** How {@link streamSource} reads. */
export interface StreamSourceOptions extends StreamOptions {
  /**
   * Threads that read; 0: the thread that asks for batches. Default one less than there are cores, at most 4; 0 for a format of
   * your own, which can't be sent to another thread.
   */
  workers?: number;
  /** Ends listing. */
  signal?: AbortSignal;
}

/**
 * A data set of the files as they were downloaded, each sample read when its batch is near: nothing is prepared, and nothing kept,
 * so that every epoch parses and decodes anew. For a look, and for few samples; for training, prepare the data once.
 * @param format what the files are, as in `prepare`: `'ntu60'`, `'folder'`, ..., one of these formats, or your own
 * @param source the format's options: where the files are, and what is made of them
 * @param options see {@link StreamSourceOptions}; the same as `preparedFolder`'s
 * @throws {DatasetError} when the files aren't there, or an option can't be met; batches throw it for a file that is damaged, with its
 *   name and where
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
    (recipe, maker, stored) =>
      workers === 0 || !isKnown
        ? batchReaderHere(stored, maker)
        : batchReaderInThreads(
            { origin: { format: read.name, options: source, modalities }, recipe },
            workers,
          ),
  );
}
