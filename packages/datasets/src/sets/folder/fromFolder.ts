import { availableParallelism } from 'node:os';
import { type Progress, progressClock } from '@amr/internal';
import { DatasetError } from '../../datasetError.js';
import { checkOneOf, optionKeys, rejectUnknownOptions } from '../../options.js';
import { type ArrayDataset, fromArrays, type ModalityArray } from '../../source/fromArrays.js';
import type { ListedSample, Listing, StoredModality } from '../../source/sourceFormat.js';
import { partOfSplit, type SplitPart } from '../../source/splitRule.js';
import { type FolderOptions, folder } from './folderFormat.js';

/** Options of {@link fromFolder}. */
export interface FromFolderOptions extends Omit<FolderOptions, 'root'> {
  /** Name of a split in `splits.json`; requires `part`. Default: all samples. */
  split?: string;
  /** Part of the split. */
  part?: SplitPart;
  /** Limit of the samples' bytes in memory. Default 1 GiB. */
  maxBytes?: number;
  /** Receives progress after each sample. */
  onProgress?: (progress: Progress) => void;
  /** Cancels reading, which then rejects with the signal's reason. */
  signal?: AbortSignal;
}

const fromFolderKeys = optionKeys<FromFolderOptions>({
  split: true,
  part: true,
  maxBytes: true,
  onProgress: true,
  signal: true,
  modalities: true,
  skeleton: true,
  video: true,
});

/**
 * Reads the user's own samples into memory: `root/<modality>/<class>/<name>.<ending>`, where the ending is that of an array (`.npy`,
 * `.npz`), of a `.skeleton` file or of a video; see {@link folder}. When memory is too small, prepare the folder once (`amr-data
 * prepare folder --root DIR --out DIR`), and stream the shards.
 * @param root the folder
 * @param options modalities, shapes, split; see {@link FromFolderOptions}
 * @returns the samples, with ids `<class>/<name>`
 * @throws {DatasetError} when an option is not valid, the folder has no samples, the samples take more than `maxBytes` (before any is
 *   read), there is no such split, or a file is damaged (`file` names it)
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
  rejectUnknownOptions('fromFolder', options, fromFolderKeys);
  const source: FolderOptions = { root, ...rest };
  const listing = await folder.list(source, signal);
  const samples = chooseSamples(listing, split, part, root);
  checkBytes(samples.length, listing.modalities, maxBytes, root);
  const arrays = allocate(samples.length, listing.modalities);
  await readSamples(samples, source, arrays, onProgress, signal);
  return fromArrays({
    modalities: arrays,
    labels: samples.map(({ label }) => label),
    ids: samples.map(({ id }) => id),
    classes: listing.classes,
  });
}

function chooseSamples(
  { samples, splits }: Listing,
  split: string | undefined,
  part: SplitPart | undefined,
  root: string,
): readonly ListedSample[] {
  if (split === undefined && part === undefined) return samples;
  const rule = split === undefined ? undefined : splits[split];
  if (!rule) {
    const given = split === undefined ? 'undefined' : `'${split}'`;
    throw new DatasetError(
      `split: got ${given}; expected a split of splits.json: ${Object.keys(splits).join(', ') || 'it has none'}.`,
      { file: root },
    );
  }
  checkOneOf('part', part, ['train', 'test']);
  const rows = partOfSplit(samples, rule, part!);
  if (rows.length === 0) {
    throw new DatasetError(`split: got no sample in the ${part} part of '${split}'; expected at least one.`, {
      file: root,
    });
  }
  return rows.map((row) => samples[row]!);
}

function checkBytes(count: number, modalities: Listing['modalities'], maxBytes: number, root: string): void {
  const bytes = Object.values(modalities).reduce(
    (sum, modality) => sum + count * lengthOf(modality) * (modality.dtype === 'uint8' ? 1 : 4),
    0,
  );
  if (bytes <= maxBytes) return;
  throw new DatasetError(
    `maxBytes: got ${count} samples of ${bytes} bytes; expected at most ${maxBytes}. Prepare them with 'amr-data prepare folder' and stream the shards, or raise maxBytes.`,
    { file: root },
  );
}

function allocate(count: number, modalities: Listing['modalities']): { [name: string]: ModalityArray } {
  const arrays: { [name: string]: ModalityArray } = {};
  for (const [name, modality] of Object.entries(modalities)) {
    const length = count * lengthOf(modality);
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
  return arrays;
}

/** Reads as many samples at the same time as there are cores. The first error stops all readers. */
async function readSamples(
  samples: readonly ListedSample[],
  source: FolderOptions,
  arrays: { [name: string]: ModalityArray },
  onProgress: FromFolderOptions['onProgress'],
  signal: AbortSignal | undefined,
): Promise<void> {
  const clock = progressClock();
  let [next, done] = [0, 0];
  const failed = new AbortController();
  const either = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  const readLane = async () => {
    while (next < samples.length) {
      either.throwIfAborted();
      const i = next++;
      const read = await folder.read(samples[i]!, source, either);
      for (const [name, { data }] of Object.entries(arrays)) {
        data.set(read.arrays[name]!, i * read.arrays[name]!.length);
      }
      onProgress?.(clock(++done, samples.length));
    }
  };
  const lanes = Array.from({ length: Math.min(availableParallelism(), samples.length) }, () =>
    readLane().catch((error: unknown) => failed.abort(error)),
  );
  await Promise.all(lanes);
  signal?.throwIfAborted();
  if (failed.signal.aborted) throw failed.signal.reason;
}

const lengthOf = ({ shape }: StoredModality) => shape.reduce((product, axis) => product * axis, 1);
