import { DatasetError } from '../datasetError.js';
import type { ListedSample, Listing, SourceFormat } from '../source/sourceFormat.js';
import { startWorker } from '../workerFile.js';
import { type ReadOutcome, readOutcome } from './readOutcome.js';

/** Reads up to `lanes` samples at the same time. */
export interface SampleReaders {
  /** Number of samples that can be read at the same time. */
  readonly lanes: number;
  /** Reads a sample in a lane, from 0, which must not be reading another one. */
  read(lane: number, sample: ListedSample): Promise<ReadOutcome>;
  /** Cancels reading and ends the threads. */
  close(): Promise<void>;
}

/** What a worker thread receives when it starts. */
export interface ReaderSetup {
  /** Name of the format. */
  format: string;
  /** Options of the format. */
  options: unknown;
  /** Modalities according to the listing. */
  modalities: Listing['modalities'];
}

/** A worker thread's answer to a sample. */
export type WorkerReply =
  | { outcome: ReadOutcome }
  | { error: { name: string; message: string; stack?: string } };

/** Reads in this thread. A format that isn't known by its name can't be sent to another one. */
export function readersHere(
  format: SourceFormat,
  { options, modalities }: ReaderSetup,
  lanes: number,
): SampleReaders {
  const stop = new AbortController();
  const busy = new Set<Promise<unknown>>();
  return {
    lanes,
    read(_lane, sample) {
      const reading = readOutcome(format, sample, options, modalities, stop.signal);
      busy.add(reading);
      const done = () => busy.delete(reading);
      reading.then(done, done);
      return reading;
    },
    async close() {
      stop.abort();
      await Promise.allSettled(busy);
    },
  };
}

/** Reads in worker threads, one for each lane. */
export function readersInThreads(setup: ReaderSetup, lanes: number): SampleReaders {
  const threads = Array.from({ length: lanes }, () => startWorker('prepareWorker', setup));
  const busy = new Map<number, Promise<unknown>>();
  const answers = threads.map((thread) => {
    let settle: { resolve(outcome: ReadOutcome): void; reject(error: unknown): void } | undefined;
    let failure: unknown;
    const fail = (error: unknown) => {
      failure = error;
      settle?.reject(error);
    };
    thread.on('message', (reply: WorkerReply) => {
      if ('outcome' in reply) settle?.resolve(reply.outcome);
      else settle?.reject(Object.assign(new Error(reply.error.message), reply.error));
    });
    thread.on('error', fail);
    thread.on('exit', (code) =>
      fail(
        failure ??
          new DatasetError(
            `prepare: got the end of a worker thread, with exit code ${code}; expected it to run.`,
          ),
      ),
    );
    return (sample: ListedSample) =>
      new Promise<ReadOutcome>((resolve, reject) => {
        if (failure) return reject(failure);
        settle = { resolve, reject };
        thread.postMessage(sample);
      });
  });
  return {
    lanes,
    read(lane, sample) {
      const reading = answers[lane]!(sample);
      busy.set(lane, reading);
      return reading;
    },
    async close() {
      for (const thread of threads) thread.postMessage('stop');
      // A thread that doesn't react is in the middle of a long computation, and has nothing that must be kept.
      const timeout = new Promise((resolve) => setTimeout(resolve, 2000).unref());
      await Promise.race([Promise.allSettled(busy.values()), timeout]);
      await Promise.all(threads.map((thread) => thread.terminate()));
    },
  };
}
