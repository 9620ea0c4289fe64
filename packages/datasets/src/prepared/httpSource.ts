import { DatasetError } from '../datasetError.js';
import { checkCount, checkOption, optionKeys, rejectUnknownOptions } from '../options.js';
import { unlessAborted } from './abortable.js';
import { rangeBody, sizeFromRange, wholeBody } from './httpBody.js';
import { type OnBytes, request } from './httpRequest.js';
import { insideSteps, MAX_MANIFEST_BYTES, type ShardSource, tooShort } from './shardSource.js';
import { wholeFiles } from './wholeFiles.js';

/** Options of {@link httpSource}. */
export interface HttpSourceOptions {
  /** Sends requests; default the global `fetch`. Your own function can add headers, such as an account's token. */
  fetch?: typeof fetch;
  /**
   * Whether whole files are fetched and kept, instead of the ranges of bytes that are needed; default false. For servers
   * that charge by request, and shards that all fit in `wholeBytes`.
   */
  whole?: boolean;
  /**
   * Bytes of whole files that are kept, default 512 MiB; the file whose last use is longest ago is dropped first. A larger
   * file is an error. The limit applies to `whole`, and to servers that answer a request for a range with the whole file.
   */
  wholeBytes?: number;
  /** Number of repetitions of a request after an error of the network or the server, default 4. */
  retries?: number;
  /** Milliseconds before the first repetition, default 250; doubled for each further one, up to 30 s. */
  retryDelay?: number;
  /**
   * Seconds in which a server has to send the next 64 KiB, or the rest of a file if that is less, default 60. A slower request
   * is ended, and repeated like one that failed.
   */
  timeLimit?: number;
}

const httpKeys = optionKeys<HttpSourceOptions>({
  fetch: true,
  whole: true,
  wholeBytes: true,
  retries: true,
  retryDelay: true,
  timeLimit: true,
});

/**
 * Prepared shards below an address, in a browser or in Node. The source requests ranges of bytes, one for each modality of a
 * sample and one for each shard's head. A server that doesn't support ranges answers with the whole file: the source keeps that
 * file, up to `wholeBytes`, and requests whole files from then on. Requests are repeated after errors of the network and of the
 * server. From another origin than the page's, the server has to allow the header `Range` and expose `Content-Range` (CORS).
 * @param url address of the folder that holds `manifest.json`; its query is added to each file's address
 * @param options see {@link HttpSourceOptions}
 * @throws {DatasetError} when the address is not valid or not one of http or https, or an option is unknown or out of its range
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
  const { whole, wholeBytes, ...limits } = checkOptions(options);
  const base = baseOf(url);
  /** What messages call the folder: without the query, which may hold a secret. */
  const name = `${base.origin}${base.pathname.replace(/\/$/, '')}`;
  const nameOf = (path: string) => `${name}/${path}`;
  const files = wholeFiles(wholeBytes);
  const closing = new AbortController();
  const settings = { ...limits, closed: closing.signal };
  let hasRanges = !whole;

  function send<T>(
    path: string,
    { range, signal }: { range?: string; signal?: AbortSignal },
    take: (response: Response, file: string, onBytes: OnBytes) => Promise<T>,
  ): Promise<T> {
    const file = nameOf(path);
    return request(settings, { address: addressOf(base, path), file, range, signal }, (response, onBytes) =>
      take(response, file, onBytes),
    );
  }

  function wholeFile(path: string, signal?: AbortSignal): Promise<Uint8Array> {
    // The request doesn't get the signal of its first reader: other readers may wait for the same file.
    const file = files.get(path, () =>
      send(path, {}, (response, name, onBytes) =>
        wholeBody(response, name, { maxBytes: wholeBytes, advice: LARGE_SHARD }, onBytes),
      ),
    );
    return unlessAborted(file, signal);
  }

  return {
    name,
    async size(path, signal) {
      if (hasRanges) {
        const size = await send(path, { range: 'bytes=0-0', signal }, sizeFromRange);
        if (size === 'ignored') hasRanges = false;
        else if (size !== undefined) return size;
      }
      return (await wholeFile(path, signal)).length;
    },
    async read(path, start, length, signal) {
      if (length === 0) return new Uint8Array(0);
      if (hasRanges && !files.has(path)) {
        const range = `bytes=${start}-${start + length - 1}`;
        const part = await send(path, { range, signal }, (response, file, onBytes) =>
          rangeBody(response, file, { start, length }, onBytes),
        );
        if (part) return part;
        hasRanges = false;
      }
      const bytes = await wholeFile(path, signal);
      if (start + length > bytes.length) throw tooShort(nameOf(path), bytes.length, start, length);
      return bytes.slice(start, start + length);
    },
    // The manifest is read once, and not kept.
    readAll: (path, signal) =>
      send(path, { signal }, (response, file, onBytes) =>
        wholeBody(response, file, { maxBytes: MAX_MANIFEST_BYTES, advice: LARGE_MANIFEST }, onBytes),
      ),
    async close() {
      closing.abort();
      files.clear();
    },
  };
}

/** What to do about a file that is too large to keep. */
const LARGE_SHARD =
  'Use a server that answers requests for ranges, prepare smaller shards, or raise wholeBytes.';
const LARGE_MANIFEST = 'Give the address of a folder of prepared shards.';

function checkOptions(options: HttpSourceOptions): Required<HttpSourceOptions> {
  rejectUnknownOptions('httpSource', options, httpKeys);
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
  checkOption('timeLimit', timeLimit, timeLimit > 0 && timeLimit <= 86400, 'seconds above 0, up to 86400');
  // Looked up at each request, and called as a function: a browser's fetch refuses any other `this`.
  const get: typeof fetch = options.fetch ?? ((...args) => fetch(...args));
  return { fetch: get, whole, wholeBytes, retries, retryDelay, timeLimit };
}

function baseOf(url: string | URL): URL {
  let base: URL;
  const isHttp = ({ protocol }: URL) => protocol === 'http:' || protocol === 'https:';
  const expected = "an address of http or https, such as 'https://example.org/prepared/ntu60'";
  try {
    // In a page, an address may be relative to the page's.
    base = new URL(url, globalThis.location?.href);
  } catch (cause) {
    throw new DatasetError(`url: got '${url}'; expected ${expected}.`, { cause });
  }
  checkOption('url', String(url), isHttp(base), expected);
  base.hash = '';
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base;
}

function addressOf(base: URL, path: string): string {
  const address = new URL(base);
  address.pathname += insideSteps(path).map(encodeURIComponent).join('/');
  return address.href;
}
