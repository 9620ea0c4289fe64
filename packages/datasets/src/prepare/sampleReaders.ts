import type { ListedSample, Listing, SourceFormat } from '../source/sourceFormat.js';
import { startWorker } from '../workerFile.js';
import { type ReadOutcome, readOutcome } from './readOutcome.js';

/** Reads samples, `lanes` at once. */
export interface SampleReaders {
  /** How many samples can be read at the same time. */
  readonly lanes: number;
  /** Reads one sample in lane `lane`, which reads no other meanwhile. */
  read(lane: number, sample: ListedSample): Promise<ReadOutcome>;
  /** Ends what is being read, and the threads. */
  close(): Promise<void>;
}

/** What a worker thread is started with. */
export interface ReaderSetup {
  /** Name of the format. */
  format: string;
  /** Its options. */
  options: unknown;
  /** What the listing says that it reads. */
  modalities: Listing['modalities'];
}

/** What a worker thread answers. */
export type WorkerReply =
  | { outcome: ReadOutcome }
  | { error: { name: string; message: string; stack?: string } };

/** Reads in this thread: for formats that aren't known by name, which can't be sent to another one. */
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
    let fallen: unknown;
    const fail = (error: unknown) => {
      fallen = error;
      settle?.reject(error);
    };
    thread.on('message', (reply: WorkerReply) => {
      if ('outcome' in reply) settle?.resolve(reply.outcome);
      else settle?.reject(Object.assign(new Error(reply.error.message), reply.error));
    });
    thread.on('error', fail);
    thread.on('exit', (code) =>
      fail(fallen ?? new Error(`a reading thread ended by itself, with code ${code}`)),
    );
    return (sample: ListedSample) =>
      new Promise<ReadOutcome>((resolve, reject) => {
        if (fallen) return reject(fallen);
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
      // A thread that doesn't hear is in the middle of a long computation: it has nothing that must be kept.
      const patience = new Promise((resolve) => setTimeout(resolve, 2000).unref());
      await Promise.race([Promise.allSettled(busy.values()), patience]);
      await Promise.all(threads.map((thread) => thread.terminate()));
    },
  };
}
