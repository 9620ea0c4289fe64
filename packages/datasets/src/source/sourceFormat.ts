import type { SplitRule } from './splitRule.js';

/** What one modality of a stored sample is. Every sample has the same. */
export interface StoredModality {
  /** Type of the stored values. */
  dtype: 'uint8' | 'float32';
  /** Shape of one sample: video and depth `[frames, height, width, channels]`, skeletons `[persons, frames, joints, 3]`, series `[frames, channels]`. */
  shape: number[];
  /** What the axes mean, which augmentation and sampling in time go by. All modalities of a sample span the same time. */
  kind: 'video' | 'skeleton' | 'keypoints' | 'series';
  /** Unit of the values after scaling: `'intensity'`, `'metres'`, ... */
  unit: string;
  /** What a stored value is multiplied by; default 1/255 for bytes, 1 for floats. */
  scale?: number;
  /** Least and greatest valid value after scaling; absent: default [0, 1] for bytes, any number for floats. */
  range?: [number, number];
}

/** A sample as a data set's files list it, before any of it is read. Plain data: it is sent to worker threads. */
export interface ListedSample {
  /** Unlike any other's in the data set; the data set's own name for it where there is one. */
  id: string;
  /** Index into the classes. */
  label: number;
  /** Whole numbers that splits go by: `subject`, `camera`, `setup`, `trial`, ... */
  tags: { [name: string]: number };
  /** The file that each modality is read from. */
  files: { [modality: string]: string };
  /** What else reading it needs, as plain data: a part of the file, for instance. */
  part?: unknown;
}

/** What is in a data set, before any of it is read. Plain data. */
export interface Listing {
  /** Short name: `'ntu60'`. */
  dataset: string;
  /** Names of the classes. */
  classes: readonly string[];
  /** What each sample holds, by name. */
  modalities: { readonly [name: string]: StoredModality };
  /** The samples, in the order of their ids where the data set has no other. */
  samples: readonly ListedSample[];
  /** The protocols of evaluation, by name: `'xsub'`. */
  splits: { readonly [name: string]: SplitRule };
  /** Samples that are left out on purpose, and why: those of a list of missing skeletons, those without a video. */
  skipped: readonly SkippedSample[];
}

/** A sample that isn't in a data set's listing. */
export interface SkippedSample {
  /** Its id, or its file when it has none. */
  id: string;
  /** Why it was left out. */
  reason: string;
}

/** One sample as it was read. */
export interface ReadSample {
  /** The values of each modality, in the shape and type that the listing says. */
  arrays: { [modality: string]: Float32Array | Uint8Array };
  /** Numbers worth keeping beside the sample: `frames` in its file, `bodies`. */
  facts?: { [name: string]: number };
}

/**
 * How one kind of data set is read. `list` finds out what there is, cheaply and without reading the samples; `read` makes one
 * sample's arrays, in whatever thread. Options are plain data, checked by `list`.
 */
export interface SourceFormat<Options = unknown> {
  /** Name that `amr-data prepare` knows it by: `'ntu60'`. */
  readonly name: string;
  /** @throws {DatasetError} for options that can't be met and folders that don't hold the data set */
  list(options: Options, signal?: AbortSignal): Promise<Listing>;
  /** @throws {DatasetError} with `file`, and `line` or `offset`, for a file that is damaged */
  read(sample: ListedSample, options: Options, signal?: AbortSignal): Promise<ReadSample>;
}
