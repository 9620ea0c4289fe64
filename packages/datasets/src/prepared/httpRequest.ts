import { DatasetError } from '../datasetError.js';
import { wait, withSignals } from './abortable.js';

/** What all requests of one source share. */
export interface RequestSettings {
  /** What sends a request. */
  fetch: typeof fetch;
  /** Number of repetitions after a temporary error. */
  retries: number;
  /** Milliseconds before the first repetition. */
  retryDelay: number;
  /** Seconds in which {@link MIN_BYTES} have to arrive. */
  timeLimit: number;
  /** Aborts when the source is closed. */
  closed: AbortSignal;
}

/** One request. */
export interface FileRequest {
  /** The address that is fetched. */
  address: string;
  /** What messages call the file: the address without its query, which may hold a secret. */
  file: string;
  /** Value of the header `Range`; absent: the whole file. */
  range?: string;
  /** Ends the request. */
  signal?: AbortSignal;
}

/** Receives the number of bytes of each piece of a body. */
export type OnBytes = (bytes: number) => void;

/** Bytes that have to arrive within the time limit. */
const MIN_BYTES = 2 ** 16;
/** Upper limit of the milliseconds between two tries. */
const MAX_DELAY = 30_000;

/** HTTP statuses of temporary errors: a request that timed out, too many requests, an error of the server. */
const isTemporary = (status: number) => status === 408 || status === 429 || status >= 500;

/**
 * Repeats the request after temporary errors, with delays that double, then passes the response to `take`.
 * @throws {DatasetError} when no try succeeds, or the source is closed; the signal's reason when it aborts; what `take` throws
 */
export async function request<T>(
  settings: RequestSettings,
  { address, file, range, signal }: FileRequest,
  take: (response: Response, onBytes: OnBytes) => Promise<T>,
): Promise<T> {
  const { fetch: get, retries, retryDelay, timeLimit, closed } = settings;
  const throwIfStopped = () => {
    signal?.throwIfAborted();
    if (closed.aborted)
      throw new DatasetError('got a closed source; expected an open one. Open it again.', { file });
  };
  for (let tries = 1; ; tries++) {
    throwIfStopped();
    const watch = watchSpeed(timeLimit);
    try {
      return await withSignals([closed, signal, watch.signal], async (any) => {
        const response = await get(address, { headers: range ? { range } : {}, signal: any });
        if (response.ok || !isTemporary(response.status)) return await take(response, watch.onBytes);
        await response.body?.cancel();
        throw new Error(statusOf(response));
      });
    } catch (error) {
      if (error instanceof DatasetError) throw error;
      throwIfStopped();
      if (tries > retries) {
        throw new DatasetError(
          `got ${(error as Error).message} after ${tries} tries; expected the file. Check the address, and whether the server allows this page (CORS).`,
          { file, cause: error },
        );
      }
      await wait(Math.min(retryDelay * 2 ** (tries - 1), MAX_DELAY), [closed, signal]);
    } finally {
      watch.end();
    }
  }
}

/** A response's status as messages write it. */
export const statusOf = ({ status, statusText }: Response): string =>
  `HTTP status ${status} ${statusText}`.trim();

/** A signal that aborts when fewer than {@link MIN_BYTES} arrive within the time limit. */
function watchSpeed(timeLimit: number): { signal: AbortSignal; onBytes: OnBytes; end(): void } {
  const controller = new AbortController();
  const start = () =>
    setTimeout(
      () => controller.abort(new Error(`fewer than ${MIN_BYTES} bytes in ${timeLimit} s`)),
      timeLimit * 1000,
    );
  let timer = start();
  let bytes = 0;
  return {
    signal: controller.signal,
    onBytes(more) {
      bytes += more;
      if (bytes < MIN_BYTES) return;
      bytes = 0;
      clearTimeout(timer);
      timer = start();
    },
    end: () => clearTimeout(timer),
  };
}
