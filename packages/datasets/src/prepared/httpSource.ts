import { DatasetError } from '../datasetError.js';
import { checkCount } from '../options.js';
import { pause, unlessAborted, withSignals } from './abortable.js';
import { insideSteps, manifestBytes, type ShardSource, tooShort } from './shardSource.js';
import { wholeFiles } from './wholeFiles.js';

/** How {@link httpSource} fetches. */
export interface HttpSourceOptions {
  /** What fetches; default the global `fetch`. One of your own can add headers, or an account's token. */
  fetch?: typeof fetch;
  /**
   * Whether files are fetched whole and kept, instead of the ranges of bytes that are needed; default false. For servers
   * that charge by request, and shards that all fit in `wholeBytes`.
   */
  whole?: boolean;
  /**
   * Bytes of whole files that are kept, default 512 MiB; the one that was used longest ago goes first. A file that is larger
   * is an error. It counts with `whole`, and for servers that answer a request for a range with the whole file.
   */
  wholeBytes?: number;
  /** How often a request is repeated after an error of the network or the server, default 4. */
  retries?: number;
  /** Milliseconds before the first repetition, default 250; before each further one twice as long, but no longer than 30 s. */
  retryDelay?: number;
  /**
   * Seconds in which a server has to send the next 64 KiB, or what is left if that is less, default 60: a request that gets less is
   * given up, and repeated like one that failed.
   */
  timeLimit?: number;
}

/** Bytes that have to come within the time limit. */
const leastBytes = 2 ** 16;
/** Room that is made for a body before any of it is there, whatever its header says. */
const firstRoom = 256 * 2 ** 20;

/** Milliseconds between two tries at most. */
const longestDelay = 30_000;

/** What may pass by itself: a request that timed out, too many requests, an error of the server. */
const isPassing = (status: number) => status === 408 || status === 429 || status >= 500;

/**
 * Prepared shards below an address, in a browser or in Node. Ranges of bytes are asked for, one for each modality of a sample
 * and one for each shard's head. A server that doesn't know ranges answers with the whole file: that is kept, up to
 * `wholeBytes`, and no ranges are asked for any more. Errors of the network and of the server are met by asking again.
 * From another origin than the page's, the server has to allow the header `Range` and expose `Content-Range` (CORS).
 * @param url address of the folder that holds `manifest.json`; its query is added to each file's address
 * @param options see {@link HttpSourceOptions}
 * @throws {DatasetError} when it is no address of http or https, or an option is not a whole number in its range
 * @example
 * ```js
 * import { httpSource, openShards } from '@amr/datasets';
 * const token = '...';
 * const source = httpSource('https://example.org/prepared/ntu60', {
 *   fetch: (url, init) => fetch(url, { ...init, credentials: 'include' }),
 * });
 * const shards = await openShards(source);
 * ```
 */
export function httpSource(url: string | URL, options: HttpSourceOptions = {}): ShardSource {
  const {
    whole = false,
    wholeBytes = 512 * 2 ** 20,
    retries = 4,
    retryDelay = 250,
    timeLimit = 60,
  } = options;
  checkCount('wholeBytes', wholeBytes, 0);
  checkCount('retries', retries, 0);
  checkCount('retryDelay', retryDelay, 0);
  if (!(timeLimit > 0 && timeLimit <= 86400)) {
    throw new DatasetError(`timeLimit: ${timeLimit} was given, seconds up to 86400 were expected`);
  }
  const base = baseOf(url);
  // Looked up at each request, and called as a function: a browser's fetch wants no other `this`.
  const get: typeof fetch = options.fetch ?? ((...request) => fetch(...request));
  const files = wholeFiles(wholeBytes);
  const closed = new AbortController();
  let hasRanges = !whole;

  /** What files are called in messages: without the query, which may hold a secret. */
  const name = `${base.origin}${base.pathname.replace(/\/$/, '')}`;
  const nameOf = (path: string) => `${name}/${path}`;

  function addressOf(path: string): string {
    const address = new URL(base);
    address.pathname += insideSteps(path).map(encodeURIComponent).join('/');
    return address.href;
  }

  /** Asks until there is an answer that is none of an error that may pass, and takes of it what `take` takes. */
  async function ask<T>(
    path: string,
    range: string | undefined,
    signal: AbortSignal | undefined,
    take: (response: Response, file: string, arrived: Arrived) => Promise<T>,
  ): Promise<T> {
    const address = addressOf(path);
    const file = nameOf(path);
    for (let tries = 0; ; tries++) {
      signal?.throwIfAborted();
      if (closed.signal.aborted) throw new DatasetError('the source was closed', { file });
      const watch = pace(timeLimit);
      try {
        return await withSignals([closed.signal, signal, watch.signal], async (own) => {
          const response = await get(address, { headers: range ? { range } : {}, signal: own });
          if (response.ok || !isPassing(response.status)) return await take(response, file, watch.arrived);
          await response.body?.cancel();
          throw new Error(`the server answered ${response.status} ${response.statusText}`.trim());
        });
      } catch (error) {
        if (error instanceof DatasetError) throw error;
        signal?.throwIfAborted();
        if (closed.signal.aborted) throw new DatasetError('the source was closed', { file });
        if (tries === retries) {
          const message = `${(error as Error).message}, after ${tries + 1} tries; is the address right, and does the server allow this page (CORS)?`;
          throw new DatasetError(message, { file, cause: error });
        }
        await pause(Math.min(retryDelay * 2 ** tries, longestDelay), [closed.signal, signal]);
      } finally {
        watch.end();
      }
    }
  }

  function wholeFile(path: string, signal?: AbortSignal): Promise<Uint8Array> {
    // Without the signal of who asks first: others may wait for it too.
    const file = files.get(path, () =>
      ask(path, undefined, undefined, (response, file, arrived) =>
        wholeBody(response, file, wholeBytes, arrived),
      ),
    );
    return unlessAborted(file, signal);
  }

  async function part(path: string, start: number, length: number, signal?: AbortSignal) {
    const bytes = await wholeFile(path, signal);
    if (start + length > bytes.length) throw tooShort(nameOf(path), bytes.length, start, length);
    return bytes.slice(start, start + length);
  }

  return {
    name,
    async size(path, signal) {
      if (hasRanges) {
        const size = await ask(path, 'bytes=0-0', signal, async (response, file) => {
          await response.body?.cancel();
          if (response.status === 206) return rangeOf(response)?.total;
          throwUnlessOk(response, file);
          hasRanges = false;
          return undefined;
        });
        if (size !== undefined) return size;
      }
      return (await wholeFile(path, signal)).length;
    },
    async read(path, start, length, signal) {
      if (length === 0) return new Uint8Array(0);
      if (hasRanges && !files.has(path)) {
        const bytes = await ask(
          path,
          `bytes=${start}-${start + length - 1}`,
          signal,
          async (response, file, arrived) => {
            if (response.status === 206) {
              return rangeBody(response, file, start, length, arrived);
            }
            await response.body?.cancel();
            if (response.status === 416) {
              const size = rangeOf(response)?.total;
              if (size !== undefined) throw tooShort(file, size, start, length);
            }
            throwUnlessOk(response, file, start);
            hasRanges = false;
            return undefined;
          },
        );
        if (bytes) return bytes;
      }
      return part(path, start, length, signal);
    },
    // The manifest, which isn't asked for twice, and isn't kept.
    readAll: (path, signal) =>
      ask(path, undefined, signal, (response, file, arrived) =>
        wholeBody(response, file, manifestBytes, arrived),
      ),
    async close() {
      closed.abort();
      files.clear();
    },
  };
}

/** Told how many bytes of a body have come. */
type Arrived = (bytes: number) => void;

/** Aborts when too few bytes come in the time limit. */
function pace(timeLimit: number): { signal: AbortSignal; arrived: Arrived; end(): void } {
  const controller = new AbortController();
  const wait = () =>
    setTimeout(
      () => controller.abort(new Error(`the server sent fewer than ${leastBytes} bytes in ${timeLimit} s`)),
      timeLimit * 1000,
    );
  let timer = wait();
  let bytes = 0;
  return {
    signal: controller.signal,
    arrived(more) {
      bytes += more;
      if (bytes < leastBytes) return;
      bytes = 0;
      clearTimeout(timer);
      timer = wait();
    },
    end: () => clearTimeout(timer),
  };
}

function baseOf(url: string | URL): URL {
  let base: URL;
  try {
    // In a page, an address may be relative to the page's.
    base = new URL(url, globalThis.location?.href);
  } catch (cause) {
    throw new DatasetError(`'${url}' is no address, such as 'https://example.org/prepared/ntu60'`, { cause });
  }
  if (base.protocol !== 'http:' && base.protocol !== 'https:') {
    throw new DatasetError(`'${url}' should begin with http: or https:`);
  }
  base.hash = '';
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base;
}

function throwUnlessOk(response: Response, file: string, offset?: number): void {
  const { ok, status, statusText } = response;
  if (ok) return;
  const remedy =
    status === 404
      ? 'there is no such file; give the address of the folder that holds manifest.json'
      : 'the file was expected';
  throw new DatasetError(`the server answered ${`${status} ${statusText}`.trim()}: ${remedy}`, {
    file,
    offset,
  });
}

/** What a response's Content-Range says; a server of another origin may not show it. */
function rangeOf(response: Response): { start?: number; total?: number } | undefined {
  const text = response.headers.get('content-range') ?? '';
  const match = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(text.trim());
  if (!match) return undefined;
  const number = (digits: string | undefined) =>
    digits === undefined || digits === '*' ? undefined : Number(digits);
  return { start: number(match[1]), total: number(match[2]) };
}

async function rangeBody(
  response: Response,
  file: string,
  start: number,
  length: number,
  arrived: Arrived,
): Promise<Uint8Array> {
  const range = rangeOf(response);
  if (range?.start !== undefined && range.start !== start) {
    await response.body?.cancel();
    throw new DatasetError(`byte ${start} was asked for, the server answered with byte ${range.start}`, {
      file,
      offset: start,
    });
  }
  if (range?.total !== undefined && start + length > range.total) {
    await response.body?.cancel();
    throw tooShort(file, range.total, start, length);
  }
  const bytes = await bodyOf(response, length, arrived, () => {
    return new DatasetError(`${length} bytes were asked for, the server answered with more`, {
      file,
      offset: start,
    });
  });
  if (bytes.length < length) throw tooShort(file, start + bytes.length, start, length);
  return bytes;
}

async function wholeBody(
  response: Response,
  file: string,
  most: number,
  arrived: Arrived,
): Promise<Uint8Array> {
  if (!response.ok) await response.body?.cancel();
  throwUnlessOk(response, file);
  return bodyOf(response, most, arrived, () => {
    return new DatasetError(
      `the file is larger than the ${most} bytes that are kept; serve it by a server that answers requests for ranges, prepare smaller shards, or raise wholeBytes`,
      { file },
    );
  });
}

/** The body of a response, which may not be longer than `most` bytes, whatever its header says. */
async function bodyOf(
  response: Response,
  most: number,
  arrived: Arrived,
  tooLong: () => DatasetError,
): Promise<Uint8Array> {
  const { body, headers } = response;
  if (!body) return new Uint8Array(0);
  // The length is that of the compressed body, where it is compressed.
  const announced = headers.has('content-encoding') ? 0 : Number(headers.get('content-length') ?? 0);
  if (announced > most) {
    await body.cancel();
    throw tooLong();
  }
  // One buffer for all where the length is known, so that a large file isn't there twice.
  let bytes = new Uint8Array(Math.min(announced, firstRoom));
  let length = 0;
  const reader = body.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    const { value } = piece;
    arrived(value.length);
    if (length + value.length > most) {
      await reader.cancel();
      throw tooLong();
    }
    if (length + value.length > bytes.length) {
      const grown = new Uint8Array(Math.min(most, Math.max(2 * bytes.length, length + value.length)));
      grown.set(bytes.subarray(0, length));
      bytes = grown;
    }
    bytes.set(value, length);
    length += value.length;
  }
  return length === bytes.length ? bytes : bytes.slice(0, length);
}
