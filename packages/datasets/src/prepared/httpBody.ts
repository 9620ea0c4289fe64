import { DatasetError } from '../datasetError.js';
import { type OnBytes, statusOf } from './httpRequest.js';
import { tooShort } from './shardSource.js';

/** Largest buffer that is allocated before any of a body has arrived, whatever its header says. */
const MAX_INITIAL_BUFFER = 256 * 2 ** 20;

/** Part of a file. */
export interface ByteRange {
  /** Position of the first byte. */
  start: number;
  /** Number of bytes. */
  length: number;
}

/**
 * Reads the answer to a request for a range.
 * @returns undefined when the server ignored the range and answers with the whole file, whose body is cancelled
 * @throws {DatasetError} when the file isn't there, ends before the range does, or another range comes
 */
export async function rangeBody(
  response: Response,
  file: string,
  { start, length }: ByteRange,
  onBytes: OnBytes,
): Promise<Uint8Array | undefined> {
  const range = contentRange(response);
  if (response.status !== 206) {
    await response.body?.cancel();
    if (response.status === 416 && range?.total !== undefined)
      throw tooShort(file, range.total, start, length);
    throwUnlessOk(response, file, start);
    return undefined;
  }
  if (range?.start !== undefined && range.start !== start) {
    await response.body?.cancel();
    throw new DatasetError(`got a range from byte ${range.start}; expected one from byte ${start}.`, {
      file,
      offset: start,
    });
  }
  if (range?.total !== undefined && start + length > range.total) {
    await response.body?.cancel();
    throw tooShort(file, range.total, start, length);
  }
  const bytes = await readBody(response, length, onBytes, () => {
    return new DatasetError(`got more bytes than the range has; expected ${length}.`, {
      file,
      offset: start,
    });
  });
  if (bytes.length < length) throw tooShort(file, start + bytes.length, start, length);
  return bytes;
}

/**
 * Reads a whole file.
 * @param limit how large the file may be, and what to do when it is larger
 * @throws {DatasetError} when the file isn't there, or has more than `maxBytes`
 */
export async function wholeBody(
  response: Response,
  file: string,
  { maxBytes, advice }: { maxBytes: number; advice: string },
  onBytes: OnBytes,
): Promise<Uint8Array> {
  if (!response.ok) await response.body?.cancel();
  throwUnlessOk(response, file);
  return readBody(response, maxBytes, onBytes, () => {
    return new DatasetError(`got more than ${maxBytes} bytes; expected at most ${maxBytes}. ${advice}`, {
      file,
    });
  });
}

/**
 * The size of a file, from the answer to a request for a range of it.
 * @returns `'ignored'` when the server ignored the range, undefined when it doesn't say the size
 * @throws {DatasetError} when the file isn't there
 */
export async function sizeFromRange(
  response: Response,
  file: string,
): Promise<number | 'ignored' | undefined> {
  await response.body?.cancel();
  if (response.status === 206) return contentRange(response)?.total;
  throwUnlessOk(response, file);
  return 'ignored';
}

function throwUnlessOk(response: Response, file: string, offset?: number): void {
  if (response.ok) return;
  const advice = response.status === 404 ? ' Give the address of the folder that holds manifest.json.' : '';
  throw new DatasetError(`got ${statusOf(response)}; expected the file.${advice}`, { file, offset });
}

/** The header Content-Range; a server of another origin may hide it. */
function contentRange(response: Response): { start?: number; total?: number } | undefined {
  const text = response.headers.get('content-range') ?? '';
  const match = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(text.trim());
  if (!match) return undefined;
  const number = (digits: string | undefined) =>
    digits === undefined || digits === '*' ? undefined : Number(digits);
  return { start: number(match[1]), total: number(match[2]) };
}

/** The body of a response, refused when it is longer than `maxBytes`, whatever its header says. */
async function readBody(
  response: Response,
  maxBytes: number,
  onBytes: OnBytes,
  tooLong: () => DatasetError,
): Promise<Uint8Array> {
  const { body, headers } = response;
  if (!body) return new Uint8Array(0);
  // The header counts the bytes of the compressed body when there is a content-encoding.
  const announced = headers.has('content-encoding') ? 0 : Number(headers.get('content-length') ?? 0);
  if (announced > maxBytes) {
    await body.cancel();
    throw tooLong();
  }
  // One buffer for the whole body where its length is known, so that a large file isn't in memory twice.
  let bytes = new Uint8Array(Math.min(announced, MAX_INITIAL_BUFFER));
  let length = 0;
  const reader = body.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    const { value } = piece;
    onBytes(value.length);
    if (length + value.length > maxBytes) {
      await reader.cancel();
      throw tooLong();
    }
    if (length + value.length > bytes.length) {
      const grown = new Uint8Array(Math.min(maxBytes, Math.max(2 * bytes.length, length + value.length)));
      grown.set(bytes.subarray(0, length));
      bytes = grown;
    }
    bytes.set(value, length);
    length += value.length;
  }
  return length === bytes.length ? bytes : bytes.slice(0, length);
}
