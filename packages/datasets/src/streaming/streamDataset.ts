import { type Batch, type BatchOptions, type Dataset, type ModalityInfo, mismatch } from '@amr/internal';
import { type Tensor, tensor, tensor1d } from '@tensorflow/tfjs-core';
import { batchPlan } from '../batchPlan.js';
import { DatasetError } from '../datasetError.js';
import { checkCount } from '../options.js';
import {
  type BatchReader,
  type BatchValues,
  closedError,
  readBatch,
  type StoredSamples,
  type StreamedSample,
} from './batchReader.js';
import type { SampleTransformer } from './sampleTransform.js';

/** A data set whose samples are read shortly before their batch is needed. */
export interface StreamedDataset extends Dataset {
  /** Class number of each sample. */
  readonly labels: readonly number[];
  /** Whole numbers of each sample that splits go by: `subject`, `camera`, ... */
  readonly tags: readonly { readonly [name: string]: number }[];
  /** The samples at these positions, in this order. The subset shares threads and files with this data set. */
  subset(indices: readonly number[]): StreamedDataset;
  /**
   * A copy of the scaled values of one sample without random transforms: evenly spread frames, crops at the centre.
   * @throws {DatasetError} when the sample or modality doesn't exist, or its file is damaged
   */
  values(index: number, modality: string): Promise<Float32Array>;
  /** Ends threads and closes files, also those of its subsets. Batches can't be read afterwards. */
  close(): Promise<void>;
}

/** The parts of a streamed data set. */
export interface StreamSetup {
  classes: readonly string[];
  modalities: { readonly [name: string]: ModalityInfo };
  samples: readonly (StreamedSample & { tags: { readonly [name: string]: number } })[];
  reader: BatchReader;
  /** What single samples are read from, and their transform without random parts. */
  stored: StoredSamples;
  plain: SampleTransformer;
  /** Number of batches that are read ahead. */
  prefetch: number;
  close(): Promise<void>;
}

/**
 * A data set that reads batch by batch, `prefetch` batches ahead of the one that is in use. The samples of a batch and their order
 * are those of every data set (batchPlan); their values don't depend on the thread that reads them.
 */
export function streamDataset(setup: StreamSetup): StreamedDataset {
  const { classes, modalities, samples, reader, prefetch } = setup;
  checkCount('prefetch', prefetch, 0);
  const state = { isClosed: false };
  return view(samples);

  function view(rows: StreamSetup['samples']): StreamedDataset {
    const at = (index: number) => {
      const row = rows[index];
      if (!row) {
        throw new DatasetError(mismatch('index', index, `a position from 0 to ${rows.length - 1}`));
      }
      return row;
    };
    return {
      size: rows.length,
      classes,
      ids: rows.map(({ id }) => id),
      labels: rows.map(({ label }) => label),
      tags: rows.map(({ tags }) => tags),
      modalities,
      batches(options: BatchOptions) {
        const plan = batchPlan(rows.length, options);
        return run(
          plan.map((positions) => positions.map(at)),
          options.epoch ?? 0,
        );
      },
      subset: (indices) => view(indices.map(at)),
      async values(index, modality) {
        const sample = at(index);
        if (!Object.hasOwn(modalities, modality)) {
          throw new DatasetError(
            mismatch('modality', modality, `one of ${Object.keys(modalities).join(', ')}`),
          );
        }
        if (state.isClosed) throw closedError();
        const { signal } = new AbortController();
        return (await readBatch(setup.stored, setup.plain, [sample], 0, signal)).inputs[modality]!;
      },
      async close() {
        if (state.isClosed) return;
        state.isClosed = true;
        await setup.close();
      },
    };
  }

  async function* run(
    plan: readonly (readonly StreamedSample[])[],
    epoch: number,
  ): AsyncGenerator<Batch, void, undefined> {
    const stop = new AbortController();
    const ahead: Promise<BatchValues>[] = [];
    let next = 0;
    const fill = (count: number) => {
      while (ahead.length < count && next < plan.length) {
        const samplesOfBatch = plan[next++]!.map(({ id, label, place }) => ({ id, label, place }));
        const batch = reader.read(samplesOfBatch, epoch, stop.signal);
        // Marks the rejection as handled: awaiting the batch rethrows it, and an unused batch must not crash the process.
        batch.catch(() => {});
        ahead.push(batch);
      }
    };
    try {
      for (const batch of plan) {
        if (state.isClosed) throw closedError();
        fill(prefetch + 1);
        const values = await ahead.shift()!;
        fill(prefetch);
        yield {
          ids: batch.map(({ id }) => id),
          inputs: tensorsOf(values.inputs, modalities, batch.length),
          labels: tensor1d(values.labels, 'int32'),
        };
      }
    } finally {
      stop.abort();
    }
  }
}

function tensorsOf(
  inputs: BatchValues['inputs'],
  modalities: StreamSetup['modalities'],
  size: number,
): { [modality: string]: Tensor } {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, values]) => [
      name,
      tensor(values, [size, ...modalities[name]!.shape], 'float32'),
    ]),
  );
}
