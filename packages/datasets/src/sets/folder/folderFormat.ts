import { readdir, stat } from 'node:fs/promises';
import { basename, join, parse, resolve } from 'node:path';
import { FormatError, float32ValuesOf, type NumericArray, readNpy, readNpz } from '@amr/formats';
import { z } from 'zod';
import { DatasetError } from '../../datasetError.js';
import { optionKeys, rejectUnknownOptions } from '../../options.js';
import { parseJson } from '../../source/parseJson.js';
import { readText, readWholeFile } from '../../source/readWholeFile.js';
import type {
  ListedSample,
  Listing,
  ReadSample,
  SkippedSample,
  SourceFormat,
  StoredModality,
} from '../../source/sourceFormat.js';
import type { SplitRule } from '../../source/splitRule.js';
import { readVideo } from '../../video/readVideo.js';
import { checkVideoOptions, type VideoOptions, videoModality } from '../../video/videoOptions.js';
import { bodyBox, readSkeletons } from '../ntu/ntuFormat.js';
import { checkSkeletonOptions, type NtuSkeletonOptions, skeletonClip } from '../ntu/skeletonClip.js';
import { jointCount } from '../ntu/skeletonFile.js';

/** What a modality's arrays mean, as far as their shape doesn't tell. */
export type FolderModality = Partial<Pick<StoredModality, 'kind' | 'unit' | 'scale' | 'range'>>;

/** A folder of the user's own samples, and how they are read. Plain data. */
export interface FolderOptions {
  /** The folder: `root/<modality>/<class>/<name>.<ending>`. */
  root: string;
  /** The modalities that are wanted, by the names of their folders, and what their arrays mean; absent: all folders. */
  modalities?: { [name: string]: FolderModality };
  /** How `.skeleton` files are prepared, as those of NTU RGB+D are. */
  skeleton?: NtuSkeletonOptions;
  /** How videos are prepared. */
  video?: VideoOptions;
}

/** The kinds of files; those of a modality are all of one. */
const folderKeys = optionKeys<FolderOptions>({ root: true, modalities: true, skeleton: true, video: true });

type Source = 'array' | 'skeleton' | 'video';

/** What reading a sample needs to know of each modality. */
type Part = { [modality: string]: { source: Source; shape: number[]; dtype: StoredModality['dtype'] } };

/** Arrays are read whole, to one of this size at most. */
const mostBytes = 2 ** 30;
/** Bytes of `splits.json`: a million ids take fewer. */
const mostSplitBytes = 2 ** 28;
const splitsSchema = z.record(
  z.string(),
  z.strictObject({ train: z.array(z.string()), test: z.array(z.string()) }),
);

/**
 * The user's own data: `root/<modality>/<class>/<name>.<ending>`. A sample is what has the same class and name in every modality; its
 * id is `<class>/<name>`. What isn't in all modalities is left out. Classes are the names of the folders, sorted.
 *
 * Files by their endings: `.npy` and `.npz` (of one array), of one shape throughout the modality; `.skeleton` as NTU RGB+D's; any other is
 * a video for ffmpeg, but for notes (`.txt`, `.md`, `.json`, `.csv`). Of arrays, bytes stay bytes, all other numbers become float32. Of
 * rank 4, bytes are a video `[frames, height, width, channels]`, and floats are skeletons `[persons, frames, joints, 3]` in metres when
 * their last axis is 3, a video otherwise; of rank 2 they are a series `[frames, channels]`; `modalities` says otherwise. `crop:
 * 'person'` of a video goes by the sample's first `.skeleton` file.
 *
 * `root/splits.json`, when it is there, holds splits by ids: `{ "mine": { "train": ["wave/01"], "test": ["wave/02"] } }`.
 */
export const folder: SourceFormat<FolderOptions> = {
  name: 'folder',

  async list(options, signal): Promise<Listing> {
    const { root } = options;
    rejectUnknownOptions('folder', options, folderKeys);
    checkSkeletonOptions(options.skeleton);
    checkVideoOptions(options.video);
    if (typeof root !== 'string' || root === '') {
      throw new DatasetError('root: expected the folder of the modalities');
    }
    const names = await modalityNames(options);
    const files = new Map<string, Map<string, string>>();
    const classes = new Set<string>();
    for (const name of names) {
      const found = new Map<string, string>();
      for (const label of await foldersIn(join(root, name))) {
        signal?.throwIfAborted();
        classes.add(label);
        await filesIn(join(root, name, label), label, found);
      }
      files.set(name, found);
    }
    const { samples: complete, skipped } = joined(files);
    if (complete.length === 0) throw new DatasetError(whyNone(files, skipped), { file: root });
    const modalities: { [name: string]: StoredModality } = {};
    const part: Part = {};
    for (const name of names) {
      const { stored, source } = await modalityOf(complete[0]!.files[name]!, name, options, signal);
      for (const sample of complete) {
        const file = sample.files[name]!;
        if (sourceOf(file) !== source) {
          throw new DatasetError(
            `modality '${name}' begins with ${described[source]}, this is ${described[sourceOf(file)]}; all of a modality must be of one kind`,
            { file },
          );
        }
      }
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
    const of = (source: Source) => Object.keys(part).filter((name) => part[name]!.source === source);
    let seen: { recording: Awaited<ReturnType<typeof readSkeletons>>; ids: string[] } | undefined;
    for (const name of of('skeleton')) {
      const file = sample.files[name]!;
      const recording = await readSkeletons(file, signal);
      const emptyFrames = withVideo ? ('repeat' as const) : ('drop' as const);
      const { joints, ids } = blamed(file, () =>
        skeletonClip(recording, { emptyFrames, ...options.skeleton }),
      );
      seen ??= { recording, ids };
      arrays[name] = joints;
      facts[`${name}Frames`] = recording.frames;
    }
    for (const name of of('video')) {
      const file = sample.files[name]!;
      const box = seen && (await bodyBox(file, seen.recording, seen.ids, options.video, signal));
      const video = await readVideo(file, options.video, { box, signal });
      arrays[name] = video.pixels;
      facts[`${name}Frames`] = video.frames;
    }
    for (const name of of('array')) {
      const file = sample.files[name]!;
      const { shape, dtype } = part[name]!;
      const array = await readArray(file, signal);
      if (array.shape.join() !== shape.join() || storedType(array) !== dtype) {
        throw new DatasetError(
          `the array is ${array.dtype} [${array.shape}], those of '${name}' are ${dtype} [${shape}]`,
          { file },
        );
      }
      arrays[name] = valuesOf(array, file);
    }
    return { arrays, facts };
  },
};

const described = { array: 'an array', skeleton: 'a .skeleton file', video: 'a video' };

async function modalityNames({ root, modalities }: FolderOptions): Promise<string[]> {
  const found = await foldersIn(root);
  const names = modalities ? Object.keys(modalities) : found;
  const missing = names.find((name) => !found.includes(name));
  if (missing !== undefined) {
    throw new DatasetError(
      `modalities: there is no folder '${missing}' among ${found.join(', ') || 'none'}`,
      {
        file: root,
      },
    );
  }
  // What every object has under that name can't be anything else.
  if (names.includes('__proto__')) {
    throw new DatasetError("a modality can't be called '__proto__'", { file: join(root, '__proto__') });
  }
  if (names.length === 0) {
    throw new DatasetError(
      'there is no modality in it; expected folders <modality>/<class>/<name>.<ending>',
      {
        file: root,
      },
    );
  }
  return names;
}

/** Names of the folders in a folder, links to folders among them, sorted. */
async function foldersIn(path: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await entriesOf(path)) {
    const isFolder =
      entry.isDirectory() ||
      (entry.isSymbolicLink() &&
        (await stat(join(path, entry.name)).then(
          (at) => at.isDirectory(),
          () => false,
        )));
    if (isFolder) names.push(entry.name);
  }
  return names.sort();
}

/** Adds the files of a class by their ids. */
async function filesIn(path: string, label: string, found: Map<string, string>): Promise<void> {
  for (const entry of await entriesOf(path)) {
    const { name, ext } = parse(entry.name);
    if (entry.isDirectory() || /^\.(txt|md|json|csv)$/i.test(ext)) continue;
    const file = join(path, entry.name);
    const id = `${label}/${name}`;
    const other = found.get(id);
    if (other !== undefined) {
      throw new DatasetError(`sample ${id} is there twice, also as ${other}; remove one of them`, { file });
    }
    found.set(id, file);
  }
}

/** What is in a folder, but for hidden files. */
async function entriesOf(path: string) {
  try {
    return (await readdir(path, { withFileTypes: true })).filter(({ name }) => !name.startsWith('.'));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new DatasetError(code === 'ENOENT' ? 'there is no such folder' : message, { file: path, cause });
  }
}

/** The samples that are in every modality, in the order of their ids, and those that aren't. */
function joined(files: ReadonlyMap<string, ReadonlyMap<string, string>>) {
  const samples: { id: string; label: string; files: { [modality: string]: string } }[] = [];
  const skipped: SkippedSample[] = [];
  const ids = new Set([...files.values()].flatMap((found) => [...found.keys()]));
  for (const id of [...ids].sort()) {
    const without = [...files].filter(([, found]) => !found.has(id)).map(([name]) => name);
    if (without.length > 0) skipped.push({ id, reason: `it has no file of ${without.join(', ')}` });
    else {
      const own = Object.fromEntries([...files].map(([name, found]) => [name, found.get(id)!]));
      samples.push({ id, label: id.slice(0, id.indexOf('/')), files: own });
    }
  }
  return { samples, skipped };
}

function whyNone(
  files: ReadonlyMap<string, ReadonlyMap<string, string>>,
  skipped: readonly SkippedSample[],
): string {
  const counts = [...files].map(([name, found]) => `${found.size} of ${name}`).join(', ');
  const first = skipped[0] ? `; of ${skipped[0].id}, ${skipped[0].reason}` : '';
  return `there is no sample with a file of each modality, ${counts}${first}; expected <modality>/<class>/<name>.<ending>`;
}

/** What a modality is, by its first file. */
async function modalityOf(
  file: string,
  name: string,
  options: FolderOptions,
  signal?: AbortSignal,
): Promise<{ stored: StoredModality; source: Source }> {
  const told = options.modalities?.[name] ?? {};
  const source = sourceOf(file);
  if (source === 'video') return { source, stored: { ...videoModality(options.video), ...told } };
  if (source === 'skeleton') {
    const { persons, frames } = checkSkeletonOptions(options.skeleton);
    const shape = [persons, frames, jointCount, 3];
    return { source, stored: { dtype: 'float32', shape, kind: 'skeleton', unit: 'metres', ...told } };
  }
  const array = await readArray(file, signal);
  const { shape } = array;
  const dtype = storedType(array);
  const kind =
    told.kind ??
    (shape.length === 2
      ? 'series'
      : dtype === 'float32' && shape.length === 4 && shape[3] === 3
        ? 'skeleton'
        : 'video');
  if (shape.length !== (kind === 'series' ? 2 : 4) || (kind === 'skeleton' && shape[3] !== 3)) {
    throw new DatasetError(
      `the array's shape is [${shape}]; expected a video [frames, height, width, channels], skeletons [persons, frames, joints, 3], key points of rank 4 or a series [frames, channels]`,
      { file },
    );
  }
  const units = { video: 'intensity', skeleton: 'metres', keypoints: 'pixels', series: 'units' };
  return { source, stored: { dtype, shape, kind, unit: units[kind], ...told } };
}

function sourceOf(file: string): Source {
  const ending = parse(file).ext.toLowerCase();
  return ending === '.npy' || ending === '.npz' ? 'array' : ending === '.skeleton' ? 'skeleton' : 'video';
}

/** The one array in a file. */
async function readArray(file: string, signal?: AbortSignal): Promise<NumericArray> {
  const bytes = await readWholeFile(file, signal, mostBytes);
  let array: NumericArray;
  try {
    if (parse(file).ext.toLowerCase() === '.npy') array = readNpy(bytes);
    else {
      // What is unpacked may be larger than the file, but not by any amount.
      const arrays = readNpz(bytes, { maxBytes: Math.min(mostBytes, Math.max(2 ** 26, 64 * bytes.length)) });
      if (arrays.size !== 1) {
        throw new DatasetError(
          `the archive holds ${arrays.size} arrays (${[...arrays.keys()].slice(0, 8).join(', ')}), expected one`,
          { file },
        );
      }
      array = [...arrays.values()][0]!;
    }
  } catch (cause) {
    if (cause instanceof FormatError) throw new DatasetError(cause.message, { file, cause });
    throw cause;
  }
  if (array.values.length === 0) {
    throw new DatasetError(`the array's shape is [${array.shape}], it has no values`, { file });
  }
  return array;
}

const storedType = ({ dtype }: NumericArray): StoredModality['dtype'] =>
  dtype === 'uint8' ? 'uint8' : 'float32';

function valuesOf(array: NumericArray, file: string): Uint8Array | Float32Array {
  if (array.dtype === 'uint8') return array.values as Uint8Array;
  const values = float32ValuesOf(array);
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    throw new DatasetError(`value ${at} is ${values[at]}, expected finite numbers that 32 bits hold`, {
      file,
    });
  }
  return values;
}

async function readSplits(file: string, known: ReadonlySet<string>): Promise<{ [name: string]: SplitRule }> {
  if (!(await isThere(file))) return {};
  const text = await readText(file, mostSplitBytes);
  const json = parseJson(text, file);
  const result = splitsSchema.safeParse(json);
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    throw new DatasetError(
      `${path.join('.') || 'it'}: ${message}; expected { "<split>": { "train": [ids], "test": [ids] } }`,
      { file },
    );
  }
  for (const [name, { train, test }] of Object.entries(result.data)) {
    const unknown = [...train, ...test].find((id) => !known.has(id));
    if (unknown !== undefined) {
      throw new DatasetError(`split '${name}': there is no sample '${unknown}'; ids are <class>/<name>`, {
        file,
      });
    }
    const training = new Set(train);
    const both = test.find((id) => training.has(id));
    if (both !== undefined) throw new DatasetError(`split '${name}': '${both}' trains and tests`, { file });
  }
  return Object.fromEntries(Object.entries(result.data).map(([name, ids]) => [name, { ids }]));
}

const isThere = (file: string) =>
  stat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );

/** Errors of what a file holds say which. */
function blamed<T>(file: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof DatasetError && cause.file === undefined) {
      throw new DatasetError(cause.reason, { file, cause });
    }
    throw cause;
  }
}
