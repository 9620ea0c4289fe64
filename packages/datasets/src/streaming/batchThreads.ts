import type { Worker } from 'node:worker_threads';
import { DatasetError } from '../datasetError.js';
import type { Listing } from '../source/sourceFormat.js';
import { startWorker } from '../workerFile.js';
import { type BatchReader, type BatchValues, closedError, type StreamedSample } from './batchReader.js';
import type { SampleTransform } from './sampleTransform.js';

/** Where a thread reads samples from, as plain data. */
export type StreamOrigin =
  | {
      /** A folder of prepared shards. */
      folder: string;
      /** Whether checksums are compared. */
      verify: boolean;
    }
  | {
      /** Name of a source format. */
      format: string;
      /** Its options. */
      options: unknown;
      /** The modalities that it lists. */
      modalities: Listing['modalities'];
    };

/** What a thread is started with, as plain data. */
export interface StreamThreadSetup {
  origin: StreamOrigin;
  transform: SampleTransform;
}

/** A message to a thread: a request for a batch, or its cancellation. */
export type StreamRequest =
  | { batch: number; samples: readonly StreamedSample[]; epoch: number }
  | { cancelled: number };

/** A thread's answer to a request. */
export type StreamReply = { batch: number } & ({ values: BatchValues } | { error: SentError });

/** An error as it is sent between threads. */
export interface SentError {
  message: string;
  stack?: string;
  /** What a DatasetError has besides. */
  place?: { reason: string; file?: string; line?: number; offset?: number };
}

interface Job {
  number: number;
  samples: readonly StreamedSample[];
  epoch: number;
  resolve(values: BatchValues): void;
  reject(error: unknown): void;
}

/**
 * Reads batches in up to `count` threads, each a whole batch, in the order of the requests. Threads start when there is work for
 * them, and keep the process alive only while they work.
 */
export function batchReaderInThreads(setup: StreamThreadSetup, count: number): BatchReader {
  const threads = new Map<Worker, Job | undefined>();
  let waiting: Job[] = [];
  let number = 0;
  let isClosed = false;

  function work(): void {
    while (waiting.length > 0) {
      let thread = [...threads].find(([, job]) => !job)?.[0];
      if (!thread) {
        if (threads.size >= count) return;
        thread = start();
      }
      const job = waiting.shift()!;
      threads.set(thread, job);
      thread.ref();
      thread.postMessage({
        batch: job.number,
        samples: job.samples,
        epoch: job.epoch,
      } satisfies StreamRequest);
    }
  }

  function start(): Worker {
    const thread = startWorker('streamWorker', setup);
    thread.unref();
    threads.set(thread, undefined);
    thread.on('message', (reply: StreamReply) => {
      const job = threads.get(thread);
      threads.set(thread, undefined);
      thread.unref();
      if ('values' in reply) job?.resolve(reply.values);
      else job?.reject(receivedError(reply.error));
      work();
    });
    const end = (cause: unknown, code?: number) => {
      const job = threads.get(thread);
      if (!threads.delete(thread)) return;
      job?.reject(
        isClosed
          ? closedError()
          : new DatasetError(
              `workers: got a thread that ended early (${cause ? (cause as Error).message : `exit code ${code}`}); expected it to read batches. If memory was short, set fewer workers, or workers: 0.`,
              { cause },
            ),
      );
      if (!isClosed) work();
    };
    thread.on('error', (error) => end(error));
    thread.on('exit', (code) => end(undefined, code));
    return thread;
  }

  return {
    read(samples, epoch, signal) {
      return new Promise((resolve, reject) => {
        if (isClosed) return reject(closedError());
        const job: Job = { number: number++, samples, epoch, resolve: done(resolve), reject: done(reject) };
        function done<T>(settle: (result: T) => void) {
          return (result: T) => {
            signal.removeEventListener('abort', drop);
            settle(result);
          };
        }
        function drop() {
          const before = waiting.length;
          waiting = waiting.filter((other) => other !== job);
          if (waiting.length < before) return reject(signal.reason);
          for (const [thread, other] of threads) {
            if (other === job) thread.postMessage({ cancelled: job.number } satisfies StreamRequest);
          }
        }
        signal.addEventListener('abort', drop, { once: true });
        waiting.push(job);
        work();
      });
    },
    async close() {
      isClosed = true;
      for (const job of [...waiting, ...threads.values()]) job?.reject(closedError());
      waiting = [];
      await Promise.all([...threads.keys()].map((thread) => thread.terminate()));
    },
  };
}

/** An error as plain data, which another thread can throw. */
export function sentError(error: unknown): SentError {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  if (!(error instanceof DatasetError)) return { message, stack };
  const { reason, file, line, offset } = error;
  return { message, stack, place: { reason, file, line, offset } };
}

function receivedError({ message, stack, place }: SentError): Error {
  const error = place ? new DatasetError(place.reason, place) : new Error(message);
  return Object.assign(error, { stack });
}
