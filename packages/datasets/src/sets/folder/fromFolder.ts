import { availableParallelism } from 'node:os';
import { DatasetError } from '../../datasetError.js';
import { type ArrayDataset, fromArrays, type ModalityArray } from '../../source/fromArrays.js';
import type { StoredModality } from '../../source/sourceFormat.js';
import { partOfSplit, type SplitPart } from '../../source/splitRule.js';
import { type FolderOptions, folder } from './folderFormat.js';

/** How {@link fromFolder} reads a folder. */
export interface FromFolderOptions extends Omit<FolderOptions, 'root'> {
  /** Name of a split of `splits.json`; goes with `part`. Absent: all samples. */
  split?: string;
  /** Which part of the split. */
  part?: SplitPart;
  /** Most bytes that the samples may take in memory, default 1 GiB. */
  maxBytes?: number;
  /** Called after each sample. */
  onProgress?: (done: number, total: number) => void;
  /** Ends the reading early, with the signal's reason as the error. */
  signal?: AbortSignal;
}

/**
 * The user's own samples, read into memory: `root/<modality>/<class>/<name>.<ending>`, where the ending is that of an array (`.npy`,
 * `.npz`), of a `.skeleton` file or of a video; see {@link folder}. For what memory doesn't hold, prepare the folder once (`amr-data
 * prepare folder --root DIR --out DIR`), and read the shards.
 * @param root the folder
 * @param options modalities, shapes, split; see {@link FromFolderOptions}
 * @returns the samples, by ids `<class>/<name>`
 * @throws {DatasetError} when the folder holds no samples, the samples take more than `maxBytes` (before any is read), there is no
 *   such split, or a file is damaged (`file` names it)
 * @example
 * ```js
 * import { fromFolder } from '@amr/datasets/node';
 *
 * // clips/rgb/wave/01.mp4, clips/skeleton/wave/01.npy, ...
 * const training = await fromFolder('clips', { video: { frames: 16, size: 64 }, split: 'mine', part: 'train' });
 * ```
 */
export async function fromFolder(root: string, options: FromFolderOptions = {}): Promise<ArrayDataset> {
  const { split, part, maxBytes = 2 ** 30, onProgress, signal, ...rest } = options;
  const source: FolderOptions = { root, ...rest };
  const listing = await folder.list(source, signal);
  const { modalities, samples: all } = listing;
  let rows = all.map((_, i) => i);
  if (split !== undefined || part !== undefined) {
    const rule = split === undefined ? undefined : listing.splits[split];
    if (!rule) {
      throw new DatasetError(
        `split: ${split === undefined ? 'none' : `'${split}'`} was given, splits.json has ${Object.keys(listing.splits).join(', ') || 'none'}`,
        { file: root },
      );
    }
    if (part !== 'train' && part !== 'test') {
      throw new DatasetError(`part: ${part} was given, 'train' or 'test' was expected`);
    }
    rows = partOfSplit(all, rule, part);
    if (rows.length === 0)
      throw new DatasetError(`the split '${split}' has no sample in ${part}`, { file: root });
  }
  const samples = rows.map((row) => all[row]!);
  const bytes = Object.values(modalities).reduce(
    (sum, modality) => sum + samples.length * lengthOf(modality) * (modality.dtype === 'uint8' ? 1 : 4),
    0,
  );
  if (!(bytes <= maxBytes)) {
    throw new DatasetError(
      `the ${samples.length} samples take ${bytes} bytes, at most ${maxBytes} were allowed (maxBytes); prepare them with 'amr-data prepare folder', and read the shards`,
      { file: root },
    );
  }

  const arrays: { [name: string]: ModalityArray } = {};
  for (const [name, modality] of Object.entries(modalities)) {
    const length = samples.length * lengthOf(modality);
    const { shape, unit, kind, scale, range } = modality;
    const data = modality.dtype === 'uint8' ? new Uint8Array(length) : new Float32Array(length);
    arrays[name] = {
      data,
      shape,
      unit,
      kind,
      ...(scale !== undefined && { scale }),
      ...(range && { range }),
    };
  }
  let [next, done] = [0, 0];
  const failed = new AbortController();
  const either = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  const worker = async () => {
    while (next < samples.length) {
      either.throwIfAborted();
      const i = next++;
      const read = await folder.read(samples[i]!, source, either);
      for (const [name, modality] of Object.entries(modalities)) {
        arrays[name]!.data.set(read.arrays[name]!, i * lengthOf(modality));
      }
      onProgress?.(++done, samples.length);
    }
  };
  const workers = Array.from({ length: Math.min(availableParallelism(), samples.length) }, () =>
    worker().catch((error: unknown) => {
      // The others end as well; the first error is the one that is told.
      failed.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(workers);
  signal?.throwIfAborted();
  if (failed.signal.aborted) throw failed.signal.reason;
  return fromArrays({
    modalities: arrays,
    labels: samples.map(({ label }) => label),
    ids: samples.map(({ id }) => id),
    classes: listing.classes,
  });
}

const lengthOf = ({ shape }: StoredModality) => shape.reduce((product, axis) => product * axis, 1);
