import { formatValue } from '@amr/internal';
import { bytesOf, isSizes, sizeOf } from '../numericArray.js';
import {
  ELEMENTS,
  METADATA,
  type SafetensorsDtype,
  type SafetensorsEntry,
  SafetensorsError,
  type SafetensorsFile,
  type SafetensorsHead,
  type SafetensorsPlace,
} from './safetensors.js';

/**
 * Reads a safetensors file. The tensors' bytes are views into `bytes`, not copies.
 * @throws {SafetensorsError} when the bytes are truncated, the header doesn't follow the format, or the tensors leave gaps,
 * overlap or don't end where the file ends
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const head = readSafetensorsHead(bytes, bytes.length);
  const tensors = new Map<string, SafetensorsEntry>();
  for (const [name, { dtype, shape, start, end }] of head.tensors) {
    tensors.set(name, { dtype, shape, bytes: bytes.subarray(start, end) });
  }
  return { tensors, metadata: head.metadata };
}

/**
 * Reads the positions of the tensors in a safetensors file, for files that are read in parts.
 * @param bytes the beginning of the file, at least its header
 * @param fileBytes size of the whole file
 * @throws {SafetensorsError} as {@link readSafetensors}
 * @example
 * ```ts
 * import { readSafetensorsHead, writeSafetensors } from '@amr/formats';
 *
 * const video = { dtype: 'U8' as const, shape: [4], bytes: Uint8Array.of(1, 2, 3, 4) };
 * const file = writeSafetensors({ tensors: new Map([['video', video]]), metadata: {} });
 * const { tensors } = readSafetensorsHead(file.subarray(0, -4), file.length);
 * const { start, end } = tensors.get('video')!;
 * console.log(file.subarray(start, end)); // Uint8Array [1, 2, 3, 4]
 * ```
 */
export function readSafetensorsHead(bytes: Uint8Array, fileBytes: number): SafetensorsHead {
  if (bytes.length < 8) {
    throw new SafetensorsError(`safetensors: got ${bytes.length} bytes; expected at least 8.`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw new SafetensorsError(
      `safetensors: got a header of ${length} bytes; expected at most ${MAX_HEADER_BYTES}.`,
    );
  }
  if (length > BigInt(bytes.length - 8)) {
    throw new SafetensorsError(
      `safetensors: got ${bytes.length - 8} bytes behind the length; expected a header of ${length}. Was the file cut off?`,
    );
  }
  const dataStart = 8 + Number(length);
  const dataBytes = fileBytes - dataStart;
  const header = parseHeader(bytes.subarray(8, dataStart));
  const tensors = new Map<string, SafetensorsPlace>();
  let metadata: { [key: string]: string } = {};
  const spans: [number, number][] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === METADATA) {
      if (!isRecord(value) || Object.values(value).some((text) => typeof text !== 'string')) {
        throw new SafetensorsError(
          `__metadata__: got ${formatValue(value)}; expected an object that maps names to texts.`,
        );
      }
      metadata = value as { [key: string]: string };
      continue;
    }
    const { dtype, shape, start, end } = parseEntry(name, value);
    if (end > dataBytes) {
      throw new SafetensorsError(
        `tensor '${name}': got an end at byte ${end} of the data; expected at most ${dataBytes}. Was the file cut off?`,
      );
    }
    spans.push([start, end]);
    tensors.set(name, { dtype, shape, start: dataStart + start, end: dataStart + end });
  }
  spans.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let at = 0;
  for (const [start, end] of spans) {
    if (start !== at) {
      throw new SafetensorsError(
        `safetensors: got a gap or overlap at byte ${at} of the data; expected one tensor directly after the other.`,
      );
    }
    at = end;
  }
  if (at !== dataBytes) {
    throw new SafetensorsError(
      `safetensors: got tensors up to byte ${at} of the data; expected an end at the file's, ${dataBytes}.`,
    );
  }
  return { tensors, metadata, dataStart };
}

/** The limit of the format's reference implementation. */
const MAX_HEADER_BYTES = 100_000_000;

function parseHeader(bytes: Uint8Array): { [name: string]: unknown } {
  let header: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    throw new SafetensorsError(
      `safetensors: got a header that is not JSON (${(error as Error).message}); expected JSON.`,
    );
  }
  if (!isRecord(header)) {
    throw new SafetensorsError(
      `safetensors: got ${formatValue(header)} as the header; expected a JSON object.`,
    );
  }
  // JSON.parse silently keeps the last of several equal names.
  const names = new Set<string>();
  for (const name of topLevelNames(text)) {
    if (names.has(name)) {
      throw new SafetensorsError(`safetensors: got the tensor '${name}' twice; expected different names.`);
    }
    names.add(name);
  }
  return header;
}

/** The names in the outermost object of a valid JSON text. */
function* topLevelNames(json: string): Generator<string> {
  let depth = 0;
  let text = '';
  // Strings are skipped by hand: a regular expression for them overflows the stack for long strings.
  const punctuation = /["{}[\]:]/g;
  for (let found = punctuation.exec(json); found; found = punctuation.exec(json)) {
    const [token] = found;
    if (token === '"') {
      const end = endOfString(json, found.index);
      if (depth === 1) text = json.slice(found.index, end);
      punctuation.lastIndex = end;
    } else if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1) yield JSON.parse(text);
  }
}

/** The index behind the closing quotation mark of the string that begins at `start`. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

function parseEntry(name: string, value: unknown) {
  const fail = (message: string): never => {
    throw new SafetensorsError(`tensor '${name}'${message}`);
  };
  if (!isRecord(value)) return fail(`: got ${formatValue(value)}; expected an object.`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(ELEMENTS, dtype)) {
    return fail(`.dtype: got ${formatValue(dtype)}; expected one of ${Object.keys(ELEMENTS).join(', ')}.`);
  }
  if (!isSizes(shape)) return fail(`.shape: got ${formatValue(shape)}; expected a list of sizes.`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    return fail(`.data_offsets: got ${formatValue(offsets)}; expected two numbers.`);
  }
  const [start, end] = offsets as [number, number];
  const kind = dtype as SafetensorsDtype;
  const expected = sizeOf(shape) * bytesOf(ELEMENTS[kind]);
  if (end - start !== expected) {
    return fail(
      `.data_offsets: got ${end - start} bytes; expected ${expected}, for shape ${formatValue(shape)} and type ${kind}.`,
    );
  }
  return { dtype: kind, shape, start, end };
}

const isRecord = (value: unknown): value is { [key: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
