import { FormatError } from '../errors.js';
import {
  bytesOf,
  decodeElements,
  type ElementType,
  isSizes,
  type NumericArray,
  sizeOf,
} from '../numericArray.js';

/** Element types that are read and written, by their names in the file. */
export type SafetensorsDtype =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'I64'
  | 'I32'
  | 'I16'
  | 'I8'
  | 'U64'
  | 'U32'
  | 'U16'
  | 'U8'
  | 'BOOL';

/** A tensor's bytes with what they mean. */
export interface SafetensorsEntry {
  /** Element type. */
  dtype: SafetensorsDtype;
  /** Sizes of the axes; [] is a scalar. */
  shape: number[];
  /** Little-endian values, row by row. */
  bytes: Uint8Array;
}

/** What a safetensors file holds. */
export interface SafetensorsFile {
  /** Tensors by name. */
  tensors: Map<string, SafetensorsEntry>;
  /** Free text by name (`__metadata__` in the file). */
  metadata: { [key: string]: string };
}

/** Bytes that aren't a safetensors file, or one of a kind that isn't read here. */
export class SafetensorsError extends FormatError {
  /** The name of the class. */
  override readonly name = 'SafetensorsError';
}

const ELEMENTS: { readonly [dtype in SafetensorsDtype]: ElementType } = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U64: 'uint64',
  U32: 'uint32',
  U16: 'uint16',
  U8: 'uint8',
  BOOL: 'bool',
};
/** As in the format's own reader. */
const LARGEST_HEADER = 100_000_000;
const NAMED_METADATA = '__metadata__';

/** Where a tensor lies in a file. */
export interface SafetensorsPlace {
  /** Element type. */
  dtype: SafetensorsDtype;
  /** Sizes of the axes; [] is a scalar. */
  shape: number[];
  /** Position of its first byte in the file. */
  start: number;
  /** Position behind its last byte. */
  end: number;
}

/** A safetensors file without its tensors' bytes. */
export interface SafetensorsHead {
  /** Tensors by name. */
  tensors: Map<string, SafetensorsPlace>;
  /** Free text by name (`__metadata__` in the file). */
  metadata: { [key: string]: string };
  /** Where the first tensor begins: behind the 8 bytes of length and the JSON header. */
  dataStart: number;
}

/**
 * Writes a safetensors file: 8 bytes of header length (little-endian), a JSON header, the tensors' bytes one after
 * another (https://github.com/huggingface/safetensors). The header is padded with spaces so that the data begin at a
 * multiple of 8.
 * @throws {SafetensorsError} when a tensor's bytes don't fit its shape and type, or it is called `__metadata__`
 */
export function writeSafetensors(file: SafetensorsFile): Uint8Array {
  const { header, tensors, bytes: total } = layOutSafetensors(file);
  const out = new Uint8Array(total);
  out.set(header);
  for (const [name, { dtype, shape, bytes }] of file.tensors) {
    const { start, end } = tensors.get(name)!;
    if (bytes.length !== end - start) {
      throw new SafetensorsError(
        `tensor '${name}' of shape [${shape}] and type ${dtype} takes ${end - start} bytes, got ${bytes.length}`,
      );
    }
    out.set(bytes, start);
  }
  return out;
}

/**
 * What {@link writeSafetensors} writes, without the tensors' bytes, for files that are written piece by piece: the bytes
 * that come first, where each tensor goes, in the order of `tensors`, and the size of the file.
 * @throws {SafetensorsError} when a tensor is called `__metadata__`
 * @example
 * ```ts
 * import { layOutSafetensors } from '@amr/formats';
 *
 * const { header, tensors, bytes } = layOutSafetensors({
 *   tensors: new Map([['video', { dtype: 'U8' as const, shape: [100, 16, 64, 64, 3] }]]),
 *   metadata: {},
 * });
 * console.log(header.length === tensors.get('video')!.start, bytes - header.length); // true 19660800
 * ```
 */
export function layOutSafetensors(file: {
  tensors: ReadonlyMap<string, { readonly dtype: SafetensorsDtype; readonly shape: readonly number[] }>;
  metadata: { readonly [key: string]: string };
}): {
  /** The first bytes of the file: the length of the JSON header, and that header. */
  header: Uint8Array;
  /** Where each tensor goes. */
  tensors: Map<string, SafetensorsPlace>;
  /** Bytes of the whole file. */
  bytes: number;
} {
  const json: { [name: string]: unknown } = { [NAMED_METADATA]: file.metadata };
  let offset = 0;
  for (const [name, { dtype, shape }] of file.tensors) {
    if (name === NAMED_METADATA) throw new SafetensorsError(`a tensor can't be called ${name}`);
    const end = offset + sizeOf(shape) * bytesOf(ELEMENTS[dtype]);
    json[name] = { dtype, shape, data_offsets: [offset, end] };
    offset = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(json));
  const header = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(text, 8);
  const tensors = new Map<string, SafetensorsPlace>();
  let start = header.length;
  for (const [name, { dtype, shape }] of file.tensors) {
    const end = start + sizeOf(shape) * bytesOf(ELEMENTS[dtype]);
    tensors.set(name, { dtype, shape: [...shape], start, end });
    start = end;
  }
  return { header, tensors, bytes: start };
}

/**
 * Reads a safetensors file. The tensors' bytes are views into `bytes`, not copies.
 * @throws {SafetensorsError} when the bytes are truncated, the header is not what the format says, or the tensors
 * leave gaps, overlap or don't end where the file ends
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
 * Reads where the tensors of a safetensors file lie, for files that are read in parts.
 * @param bytes the beginning of the file, at least as far as its header goes
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
  if (bytes.length < 8) throw new SafetensorsError(`expected at least 8 bytes, got ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > LARGEST_HEADER) {
    throw new SafetensorsError(`the header should take ${length} bytes; expected at most ${LARGEST_HEADER}`);
  }
  if (length > BigInt(bytes.length - 8)) {
    throw new SafetensorsError(`the header should take ${length} bytes, but only ${bytes.length - 8} follow`);
  }
  const dataStart = 8 + Number(length);
  const dataBytes = fileBytes - dataStart;
  const header = parseHeader(bytes.subarray(8, dataStart));
  const tensors = new Map<string, SafetensorsPlace>();
  let metadata: { [key: string]: string } = {};
  const spans: [number, number][] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === NAMED_METADATA) {
      if (!isRecord(value) || Object.values(value).some((text) => typeof text !== 'string')) {
        throw new SafetensorsError('__metadata__ should map names to texts');
      }
      metadata = value as { [key: string]: string };
      continue;
    }
    const { dtype, shape, start, end } = parseEntry(name, value);
    if (end > dataBytes) {
      throw new SafetensorsError(
        `tensor '${name}' should end at byte ${end} of the data, but there are ${dataBytes}`,
      );
    }
    spans.push([start, end]);
    tensors.set(name, { dtype, shape, start: dataStart + start, end: dataStart + end });
  }
  spans.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let at = 0;
  for (const [start, end] of spans) {
    if (start !== at)
      throw new SafetensorsError(`the tensors leave a gap or overlap at byte ${at} of the data`);
    at = end;
  }
  if (at !== dataBytes) {
    throw new SafetensorsError(`the tensors end at byte ${at} of the data, the file at ${dataBytes}`);
  }
  return { tensors, metadata, dataStart };
}

/** A tensor's elements: views of the file's bytes where they are aligned, 16 bit floats as float32. */
export function safetensorsValues({ dtype, shape, bytes }: SafetensorsEntry): NumericArray {
  const element = ELEMENTS[dtype];
  return { dtype: element, shape: [...shape], values: decodeElements(element, bytes) };
}

function parseHeader(bytes: Uint8Array): { [name: string]: unknown } {
  let header: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    throw new SafetensorsError(`the header is not JSON: ${(error as Error).message}`);
  }
  if (!isRecord(header)) throw new SafetensorsError('the header should be a JSON object');
  // JSON.parse keeps the last of several equal names and says nothing.
  const names = new Set<string>();
  for (const name of topLevelNames(text)) {
    if (names.has(name)) throw new SafetensorsError(`tensor '${name}' is there twice`);
    names.add(name);
  }
  return header;
}

/** The names in the outermost object of a text that is known to be JSON. */
function* topLevelNames(json: string): Generator<string> {
  let depth = 0;
  let text = '';
  // A text is skipped by hand: an expression for it needs more stack than there is when a text is long.
  const punctuation = /["{}[\]:]/g;
  for (let found = punctuation.exec(json); found; found = punctuation.exec(json)) {
    const [token] = found;
    if (token === '"') {
      const end = endOfText(json, found.index);
      if (depth === 1) text = json.slice(found.index, end);
      punctuation.lastIndex = end;
    } else if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1) yield JSON.parse(text);
  }
}

/** Behind the quotation mark that ends the text that begins with the one at `start`. */
function endOfText(json: string, start: number): number {
  let at = start + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

function parseEntry(name: string, value: unknown) {
  const fail = (why: string): never => {
    throw new SafetensorsError(`tensor '${name}': ${why}`);
  };
  if (!isRecord(value)) return fail('its entry should be an object');
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(ELEMENTS, dtype)) {
    return fail(`type ${JSON.stringify(dtype)} is not one of ${Object.keys(ELEMENTS).join(', ')}`);
  }
  if (!isSizes(shape)) return fail('its shape should be a list of sizes');
  if (!isSizes(offsets) || offsets.length !== 2) return fail('data_offsets should be two numbers');
  const [start, end] = offsets as [number, number];
  const kind = dtype as SafetensorsDtype;
  const expected = sizeOf(shape) * bytesOf(ELEMENTS[kind]);
  if (end - start !== expected) {
    return fail(`shape [${shape}] of ${kind} takes ${expected} bytes, its offsets give ${end - start}`);
  }
  return { dtype: kind, shape, start, end };
}

const isRecord = (value: unknown): value is { [key: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
