import { DatasetError } from '../datasetError.js';
import type { SampleMaker } from './sampleTransform.js';

type StoredArrays = { [modality: string]: Float32Array | Uint8Array };

/** Samples as they are stored, any of which can be read. */
export interface StoredSamples {
  /** Reads one sample. @throws {DatasetError} when its file is damaged */
  read(sample: StreamedSample, signal: AbortSignal): Promise<StoredArrays>;
  /** Takes back the arrays of a sample when nobody looks at them any more, to fill them anew. */
  reuse?(arrays: StoredArrays): void;
  /** Gives back what is held open. */
  close(): Promise<void>;
}

/** What is known of a sample before it is read. Plain data. */
export interface StreamedSample {
  /** Its id. */
  id: string;
  /** Index into the classes. */
  label: number;
  /** What its source finds it by: a position, or the listed sample. */
  place: unknown;
}

/** A batch's values, which nobody else has. */
export interface BatchValues {
  /** All samples' values of each modality, one after the other. */
  inputs: { [modality: string]: Float32Array };
  /** Class numbers. */
  labels: Int32Array;
}

/** Samples of a batch that are read while one is being worked on. */
const readAhead = 3;

/** Reads the samples of a batch and makes the batch's values of them. */
export async function readBatch(
  stored: StoredSamples,
  maker: SampleMaker,
  samples: readonly StreamedSample[],
  epoch: number,
  signal: AbortSignal,
): Promise<BatchValues> {
  const lengths = Object.fromEntries(
    Object.entries(maker.modalities).map(([name, { shape }]) => [
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
    while (reads.length < Math.min(samples.length, row + 1 + readAhead)) {
      signal.throwIfAborted();
      const read = stored.read(samples[reads.length]!, signal);
      // Whoever awaits it hears of it; without this, one that comes too early would end the process.
      read.catch(() => {});
      reads.push(read);
    }
    const arrays = await reads[row]!;
    // What was read is large, and done with once it is in the batch.
    delete reads[row];
    labels[row] = maker.make(sample, epoch, arrays, (name) =>
      inputs[name]!.subarray(row * lengths[name]!, (row + 1) * lengths[name]!),
    );
    stored.reuse?.(arrays);
  }
  return { inputs, labels };
}

/** Reads batches, several at once, in this thread or in others. */
export interface BatchReader {
  /**
   * Reads a batch.
   * @param signal when it is aborted, nobody wants the batch any more
   * @throws {DatasetError} when a file is damaged, or a thread has ended
   */
  read(samples: readonly StreamedSample[], epoch: number, signal: AbortSignal): Promise<BatchValues>;
  /** Ends what is under way, threads with it. */
  close(): Promise<void>;
}

/** Reads batches in this thread: one after the other, so that the first one asked for is the first to be there. */
export function batchReaderHere(stored: StoredSamples, maker: SampleMaker): BatchReader {
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
          return readBatch(stored, maker, samples, epoch, stop.signal);
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

/** What a data set says when batches are asked for that has been closed. */
export const closedError = (): DatasetError => new DatasetError('the data set was closed; open it anew');
