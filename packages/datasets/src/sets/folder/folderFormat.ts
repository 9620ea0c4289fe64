import { basename, join, parse, resolve } from 'node:path';
import { DatasetError } from '../../datasetError.js';
import { optionKeys, rejectUnknownOptions } from '../../options.js';
import type {
  ListedSample,
  Listing,
  ReadSample,
  SourceFormat,
  StoredModality,
} from '../../source/sourceFormat.js';
import { withFile } from '../../source/withFile.js';
import { readVideo } from '../../video/readVideo.js';
import { checkVideoOptions, type VideoOptions, videoModality } from '../../video/videoOptions.js';
import { checkPath } from '../formatChecks.js';
import { bodyBox, readSkeletons } from '../ntu/ntuFormat.js';
import { checkSkeletonOptions, type NtuSkeletonOptions, skeletonClip } from '../ntu/skeletonClip.js';
import { jointCount } from '../ntu/skeletonFile.js';
import { readArray, storedType, storedValues } from './arrayFile.js';
import { explainEmpty, type FolderSample, findFiles, joinModalities, modalityNames } from './folderFiles.js';
import { readSplits } from './readSplits.js';

/** Meaning of a modality's arrays, where their shape doesn't define it. */
export type FolderModality = Partial<Pick<StoredModality, 'kind' | 'unit' | 'scale' | 'range'>>;

/** Options of {@link folder}. Plain data. */
export interface FolderOptions {
  /** The folder: `root/<modality>/<class>/<name>.<ending>`. */
  root: string;
  /** Modalities by the names of their folders, and the meaning of their arrays. Default: all folders. */
  modalities?: { [name: string]: FolderModality };
  /** How `.skeleton` files are prepared, as those of NTU RGB+D are. */
  skeleton?: NtuSkeletonOptions;
  /** How videos are prepared. */
  video?: VideoOptions;
}

const folderKeys = optionKeys<FolderOptions>({ root: true, modalities: true, skeleton: true, video: true });

/** The kind of files. All files of a modality have the same kind. */
type FileKind = 'array' | 'skeleton' | 'video';

/** What reading a sample needs to know of each modality. */
type Part = { [modality: string]: { source: FileKind; shape: number[]; dtype: StoredModality['dtype'] } };

/**
 * The user's own data: `root/<modality>/<class>/<name>.<ending>`. A sample is what has the same class and name in every modality; its
 * id is `<class>/<name>`. What is missing in some modality is skipped. Classes are the names of the folders, sorted.
 *
 * The ending defines the kind of file. `.npy` and `.npz` (with one array) hold arrays, of one shape throughout the modality;
 * `.skeleton` files are like those of NTU RGB+D; all others are videos for ffmpeg, except notes (`.txt`, `.md`, `.json`, `.csv`).
 * Arrays of bytes stay bytes, and all other numbers become float32. Of rank 4, bytes are a video `[frames, height, width, channels]`,
 * and floats are skeletons `[persons, frames, joints, 3]` in metres when their last axis is 3, otherwise a video; of rank 2, arrays
 * are a series `[frames, channels]`. `modalities` overrides this. `crop: 'person'` uses the sample's first `.skeleton` file.
 *
 * `root/splits.json`, if it exists, has splits by ids: `{ "mine": { "train": ["wave/01"], "test": ["wave/02"] } }`.
 */
export const folder: SourceFormat<FolderOptions> = {
  name: 'folder',

  async list(options, signal): Promise<Listing> {
    const { root } = options;
    rejectUnknownOptions('folder', options, folderKeys);
    checkSkeletonOptions(options.skeleton);
    checkVideoOptions(options.video);
    checkPath('root', root, 'the path of a folder with the modalities');
    const names = await modalityNames(root, options.modalities && Object.keys(options.modalities));
    const { files, classes } = await findFiles(root, names, signal);
    const { samples: complete, skipped } = joinModalities(files);
    if (complete.length === 0) throw new DatasetError(explainEmpty(files, skipped), { file: root });
    const modalities: { [name: string]: StoredModality } = {};
    const part: Part = {};
    for (const name of names) {
      const { stored, source } = await modalityOf(complete[0]!.files[name]!, name, options, signal);
      checkKinds(complete, name, source);
      modalities[name] = stored;
      part[name] = { source, shape: stored.shape, dtype: stored.dtype };
    }
    const sorted = [...classes].sort();
    const samples = complete.map(
      ({ id, label, files: own }): ListedSample => ({
        id,
        label: sorted.indexOf(label),
        tags: {},
        files: own,
        part,
      }),
    );
    const known = new Set([...samples.map(({ id }) => id), ...skipped.map(({ id }) => id)]);
    const splits = await readSplits(join(root, 'splits.json'), known);
    return { dataset: basename(resolve(root)), classes: sorted, modalities, samples, splits, skipped };
  },

  async read(sample, options, signal): Promise<ReadSample> {
    const part = sample.part as Part;
    const arrays: ReadSample['arrays'] = {};
    const facts: { [name: string]: number } = {};
    const withVideo = Object.values(part).some(({ source }) => source === 'video');
    const namesOf = (kind: FileKind) => Object.keys(part).filter((name) => part[name]!.source === kind);
    let first: { recording: Awaited<ReturnType<typeof readSkeletons>>; ids: string[] } | undefined;
    for (const name of namesOf('skeleton')) {
      const file = sample.files[name]!;
      const recording = await readSkeletons(file, signal);
      const emptyFrames = withVideo ? ('repeat' as const) : ('drop' as const);
      const { joints, ids } = withFile(file, () =>
        skeletonClip(recording, { emptyFrames, ...options.skeleton }),
      );
      first ??= { recording, ids };
      arrays[name] = joints;
      facts[`${name}Frames`] = recording.frames;
    }
    for (const name of namesOf('video')) {
      const file = sample.files[name]!;
      const box = first && (await bodyBox(file, first.recording, first.ids, options.video, signal));
      const video = await readVideo(file, options.video, { box, signal });
      arrays[name] = video.pixels;
      facts[`${name}Frames`] = video.frames;
    }
    for (const name of namesOf('array')) {
      const file = sample.files[name]!;
      const { shape, dtype } = part[name]!;
      const array = await readArray(file, signal);
      if (array.shape.join() !== shape.join() || storedType(array) !== dtype) {
        throw new DatasetError(
          `got an array of ${array.dtype} [${array.shape.join(', ')}]; expected ${dtype} [${shape.join(', ')}], like the first of '${name}'.`,
          { file },
        );
      }
      arrays[name] = storedValues(array, file);
    }
    return { arrays, facts };
  },
};

const DESCRIPTIONS = { array: 'an array', skeleton: 'a .skeleton file', video: 'a video' };

/** Derives a modality from its first file. */
async function modalityOf(
  file: string,
  name: string,
  options: FolderOptions,
  signal?: AbortSignal,
): Promise<{ stored: StoredModality; source: FileKind }> {
  const given = options.modalities?.[name] ?? {};
  const source = kindOf(file);
  if (source === 'video') return { source, stored: { ...videoModality(options.video), ...given } };
  if (source === 'skeleton') {
    const { persons, frames } = checkSkeletonOptions(options.skeleton);
    const shape = [persons, frames, jointCount, 3];
    return { source, stored: { dtype: 'float32', shape, kind: 'skeleton', unit: 'metres', ...given } };
  }
  const array = await readArray(file, signal);
  const { shape } = array;
  const dtype = storedType(array);
  const isSkeleton = dtype === 'float32' && shape.length === 4 && shape[3] === 3;
  const kind = given.kind ?? (shape.length === 2 ? 'series' : isSkeleton ? 'skeleton' : 'video');
  if (shape.length !== (kind === 'series' ? 2 : 4) || (kind === 'skeleton' && shape[3] !== 3)) {
    throw new DatasetError(
      `got an array of shape [${shape.join(', ')}]; expected a video [frames, height, width, channels], skeletons [persons, frames, joints, 3], key points of rank 4, or a series [frames, channels].`,
      { file },
    );
  }
  const units = { video: 'intensity', skeleton: 'metres', keypoints: 'pixels', series: 'units' };
  return { source, stored: { dtype, shape, kind, unit: units[kind], ...given } };
}

function checkKinds(samples: readonly FolderSample[], name: string, kind: FileKind): void {
  for (const sample of samples) {
    const file = sample.files[name]!;
    if (kindOf(file) !== kind) {
      throw new DatasetError(
        `got ${DESCRIPTIONS[kindOf(file)]}; expected ${DESCRIPTIONS[kind]}, like the first file of modality '${name}'.`,
        { file },
      );
    }
  }
}

function kindOf(file: string): FileKind {
  const ending = parse(file).ext.toLowerCase();
  return ending === '.npy' || ending === '.npz' ? 'array' : ending === '.skeleton' ? 'skeleton' : 'video';
}
