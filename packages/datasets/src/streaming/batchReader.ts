import { DatasetError } from '../datasetError.js';
import type { SampleTransformer } from './sampleTransform.js';

type StoredArrays = { [modality: string]: Float32Array | Uint8Array };

/** Stored samples, which can be read in any order. */
export interface StoredSamples {
  /** Reads one sample. @throws {DatasetError} when its file is damaged */
  read(sample: StreamedSample, signal: AbortSignal): Promise<StoredArrays>;
  /** Takes back the arrays of a sample that is done with, to fill them again. */
  reuse?(arrays: StoredArrays): void;
  /** Closes files and connections. */
  close(): Promise<void>;
}

/** What is known of a sample before it is read, as plain data. */
export interface StreamedSample {
  /** Its id. */
  id: string;
  /** Index into the classes. */
  label: number;
  /** What the source finds the sample by: a position, or the listed sample. */
  place: unknown;
}

/** A batch's values, in arrays that belong to the caller. */
export interface BatchValues {
  /** Values of each modality, sample after sample. */
  inputs: { [modality: string]: Float32Array };
  /** Class numbers. */
  labels: Int32Array;
}

/** Number of samples of a batch that are read ahead of the one that is transformed. */
const READ_AHEAD = 3;

/** Reads the samples of a batch and transforms them. */
export async function readBatch(
  stored: StoredSamples,
  transformer: SampleTransformer,
  samples: readonly StreamedSample[],
  epoch: number,
  signal: AbortSignal,
): Promise<BatchValues> {
  const lengths = Object.fromEntries(
    Object.entries(transformer.modalities).map(([name, { shape }]) => [
      name,
      shape.reduce((product, axis) => product * axis, 1),
    ]),
  );
  const inputs: { [modality: string]: Float32Array } = {};
  for (const [name, length] of Object.entries(lengths))
    inputs[name] = new Float32Array(samples.length * length);
  const labels = new Int32Array(samples.length);
  const reads: ReturnType<StoredSamples['read']>[] = [];
  for (const [row, sample] of samples.entries()) {
    while (reads.length < Math.min(samples.length, row + 1 + READ_AHEAD)) {
      signal.throwIfAborted();
      const read = stored.read(samples[reads.length]!, signal);
      // Marks the rejection as handled: awaiting the read rethrows it, and an unused read must not crash the process.
      read.catch(() => {});
      reads.push(read);
    }
    const arrays = await reads[row]!;
    // The arrays are large, and no longer needed once their values are in the batch.
    delete reads[row];
    labels[row] = transformer.apply(sample, epoch, arrays, (name) =>
      inputs[name]!.subarray(row * lengths[name]!, (row + 1) * lengths[name]!),
    );
    stored.reuse?.(arrays);
  }
  return { inputs, labels };
}

/** Reads batches, several at a time, in this thread or in others. */
export interface BatchReader {
  /**
   * Reads a batch.
   * @param signal ends reading; the batch then rejects
   * @throws {DatasetError} when a file is damaged, or a thread has ended
   */
  read(samples: readonly StreamedSample[], epoch: number, signal: AbortSignal): Promise<BatchValues>;
  /** Ends the reads under way, and threads. */
  close(): Promise<void>;
}

/** Reads batches in this thread, one after the other, so that the first one requested is ready first. */
export function batchReaderInline(stored: StoredSamples, transformer: SampleTransformer): BatchReader {
  const stops = new Set<AbortController>();
  let last: Promise<unknown> = Promise.resolve();
  let isClosed = false;
  return {
    read(samples, epoch, signal) {
      const stop = new AbortController();
      const abort = () => stop.abort(signal.reason);
      signal.addEventListener('abort', abort);
      stops.add(stop);
      const batch = last
        .then(() => {
          signal.throwIfAborted();
          if (isClosed) throw closedError();
          return readBatch(stored, transformer, samples, epoch, stop.signal);
        })
        .finally(() => {
          signal.removeEventListener('abort', abort);
          stops.delete(stop);
        });
      last = batch.catch(() => {});
      return batch;
    },
    async close() {
      isClosed = true;
      for (const stop of stops) stop.abort(closedError());
      await last;
    },
  };
}

/** The error for batches of a closed data set. */
export const closedError = (): DatasetError =>
  new DatasetError('dataset: got a closed data set; expected an open one. Open it again.');
