import type * as tf from '@tensorflow/tfjs-core';

/** What one modality of a data set holds. */
export interface ModalityInfo {
  /** Shape of one sample, without the batch axis: `[frames, height, width, channels]`, `[persons, frames, joints, 3]`. */
  shape: number[];
  /** Smallest and largest valid value, in `unit`; absent when any number is valid. An attack's budget inherits it. */
  range?: [number, number];
  /** Unit of the values: `'metres'` for skeletons, `'intensity'` for pictures whose white is 1. */
  unit: string;
  /** What the axes mean, which augmentation depends on. Absent: inferred from shape and unit. */
  kind?: 'video' | 'skeleton' | 'keypoints' | 'series';
}

/** Some samples, as tensors. The caller of {@link Dataset.batches} disposes of them. */
export interface Batch {
  /** Name of each sample. */
  ids: string[];
  /** Tensors `[batch, ...shape]`, one for each modality. */
  inputs: { [modality: string]: tf.Tensor };
  /** Class numbers, int32 `[batch]`. */
  labels: tf.Tensor1D;
}

/** How {@link Dataset.batches} goes through the samples. */
export interface BatchOptions {
  /** Samples in a batch; the last batch of an epoch may hold fewer. */
  batchSize: number;
  /** Shuffles by (`seed`, `epoch`). Absent: the samples come in order. */
  seed?: number;
  /** Number of the epoch. The same seed gives each epoch a different order. Default: 0. */
  epoch?: number;
  /** Number of the first batch to give, for resuming an interrupted epoch. Default: 0. */
  start?: number;
  /** Leaves out a last batch that would hold fewer than `batchSize` samples. Default: false. */
  dropLast?: boolean;
}

/** Labelled samples of one or several modalities, given batch by batch. */
export interface Dataset {
  /** Number of samples. */
  readonly size: number;
  /** Names of the classes; a label is an index into them. */
  readonly classes: readonly string[];
  /** Unique name of each sample. */
  readonly ids: readonly string[];
  /** Per-sample shape, range and unit of each modality. */
  readonly modalities: { readonly [name: string]: ModalityInfo };
  /**
   * The batches of one epoch. Options are checked at the call. A batch's tensors are made when it is asked for, and the
   * caller disposes of them.
   * @throws when an option is not a whole number in its range
   */
  batches(options: BatchOptions): AsyncIterable<Batch>;
  /**
   * The samples at these positions, in this order, sharing memory with this data set.
   * @throws when a position is not that of a sample
   */
  subset(indices: readonly number[]): Dataset;
}
