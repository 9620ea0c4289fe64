import type * as tf from '@tensorflow/tfjs-core';

/** Some samples of a data set. Whoever asked for it disposes of its tensors. */
export interface Batch {
  /** One id for each sample. */
  ids: string[];
  /** Modality name to tensor; the first axis of each is the batch. */
  inputs: { [modality: string]: tf.Tensor };
  /** Class numbers, int32, [batch]. */
  labels: tf.Tensor1D;
}

/** How a data set is cut into batches. */
export interface BatchOptions {
  /** Samples in a batch; the last one may be smaller. */
  batchSize: number;
  /** Shuffles by (seed, epoch); absent: the samples come in order. */
  seed?: number;
  /** Epoch number, from 0: changes the shuffle. */
  epoch?: number;
  /** Number of the first batch to give, from 0: for going on in the middle of an epoch. */
  start?: number;
  /** Leaves out a last batch that is smaller than the others. */
  dropLast?: boolean;
}

/** What one modality's tensors hold. */
export interface ModalityDescription {
  /** Shape of one sample, without the batch axis. */
  shape: number[];
  /** Least and greatest valid value; absent: any number. */
  range?: [number, number];
  /** Unit of the values, e.g. 'metres'. */
  unit: string;
}

/** What training and evaluation ask of a data set; those of `@amr/datasets` have it. */
export interface Dataset {
  /** Number of samples. */
  readonly size: number;
  /** Class names; labels index them. */
  readonly classes: readonly string[];
  /** One id for each sample, unique, in order. */
  readonly ids: readonly string[];
  /** What each modality's tensors hold: shape of one sample, valid values, unit. */
  readonly modalities: { readonly [name: string]: ModalityDescription };
  /** The samples in batches. */
  batches(options: BatchOptions): AsyncIterable<Batch>;
  /** The samples at these positions, in the order given. */
  subset(indices: readonly number[]): Dataset;
}
