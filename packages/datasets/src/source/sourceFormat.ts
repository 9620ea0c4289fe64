import type { SplitRule } from './splitRule.js';

/** Description of one modality, the same for every sample. */
export interface StoredModality {
  /** Type of the stored values. */
  dtype: 'uint8' | 'float32';
  /** Shape of one sample: video and depth `[frames, height, width, channels]`, skeletons `[persons, frames, joints, 3]`, series `[frames, channels]`. */
  shape: number[];
  /** Meaning of the axes, which augmentation and sampling in time depend on. All modalities of a sample span the same time. */
  kind: 'video' | 'skeleton' | 'keypoints' | 'series';
  /** Unit of the values after scaling: `'intensity'`, `'metres'`, ... */
  unit: string;
  /** Factor of the stored values. Default 1/255 for bytes, 1 for floats. */
  scale?: number;
  /** Smallest and largest valid value after scaling. Default: [0, 1] for bytes, any number for floats. */
  range?: [number, number];
}

/** A sample in a {@link Listing}. Plain data: it is sent to worker threads. */
export interface ListedSample {
  /** Unique name, the data set's own name of the sample where there is one. */
  id: string;
  /** Index into the classes. */
  label: number;
  /** Whole numbers that splits use: `subject`, `camera`, `setup`, `trial`, ... */
  tags: { [name: string]: number };
  /** The file that each modality is read from. */
  files: { [modality: string]: string };
  /** Whatever else reading needs, as plain data, such as a part of the file. */
  part?: unknown;
}

/** The content of a data set, before any sample is read. Plain data. */
export interface Listing {
  /** Short name: `'ntu60'`. */
  dataset: string;
  /** Names of the classes. */
  classes: readonly string[];
  /** Modalities of each sample, by name. */
  modalities: { readonly [name: string]: StoredModality };
  /** The samples, in the data set's order, or in that of their ids when the data set has none. */
  samples: readonly ListedSample[];
  /** Protocols of evaluation, by name: `'xsub'`. */
  splits: { readonly [name: string]: SplitRule };
  /** Samples that are skipped on purpose, with reasons: those of a list of missing skeletons, those without a video. */
  skipped: readonly SkippedSample[];
}

/** A sample that is skipped on purpose. */
export interface SkippedSample {
  /** Id of the sample, or its file when it has no id. */
  id: string;
  /** Why the sample is skipped. */
  reason: string;
}

/** A sample that was read. */
export interface ReadSample {
  /** Values of each modality, with the shape and type of the listing. */
  arrays: { [modality: string]: Float32Array | Uint8Array };
  /** Numbers to store with the sample: `frames` in its file, `bodies`. */
  facts?: { [name: string]: number };
}

/**
 * Reader of one kind of data set. `list` finds the samples, cheaply and without reading them; `read` makes the arrays of one sample,
 * in any thread. The two are separate so that a run can plan its work, skip what is finished, and read samples in parallel. Options
 * are plain data, which `list` checks.
 */
export interface SourceFormat<Options = unknown> {
  /** Name of the format for `amr-data prepare`: `'ntu60'`. */
  readonly name: string;
  /** @throws {DatasetError} for options that are not valid and folders without the data set */
  list(options: Options, signal?: AbortSignal): Promise<Listing>;
  /** @throws {DatasetError} with `file`, and `line` or `offset`, for a damaged file */
  read(sample: ListedSample, options: Options, signal?: AbortSignal): Promise<ReadSample>;
}
