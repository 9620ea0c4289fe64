import { inflateSync } from 'fflate';
import { FormatError } from '../errors.js';
import { checkMaxBytes, rejectUnknownOptions } from '../options.js';
import { crc32 } from './crc32.js';

/** The bytes are not a zip archive, or one that is damaged or too large. */
export class ZipError extends FormatError {
  /** The name of the class. */
  override readonly name = 'ZipError';
  /** Names the kind of error. */
  override readonly code = 'AMR_ZIP';
}

/** Options of {@link readZip}. */
export interface ZipOptions {
  /** The largest unpacked size of all entries together, in bytes. Default 4 GiB. */
  maxBytes?: number;
  /** Whether each entry's CRC-32 is compared with the archive's. Default true. */
  checksums?: boolean;
}

/** A file in an archive. */
export interface ZipEntry {
  /** Its unpacked size in bytes. */
  size: number;
  /**
   * Returns its bytes: a view when the archive stores them unpacked.
   * @throws {ZipError} when they are damaged
   */
  read(): Uint8Array;
}

const END_OF_DIRECTORY = 0x06054b50;
const END_OF_DIRECTORY_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;
/** No deflate stream unpacks to more than 1032 times its size, and a few bytes for the smallest streams. */
const MAX_DEFLATE_RATIO = 1032;

/**
 * Reads the directory of a zip archive (APPNOTE 6.3: stored and deflated entries, zip64, no encryption, one disk).
 * Entries are unpacked when they are read; nothing is written to disk.
 * @returns the entries by name, in the order of the directory
 * @throws {ZipError} when the bytes are not an archive, entries lie outside it or have the same name, or it declares
 * more than `maxBytes`
 * @throws {FormatOptionsError} for an unknown option
 */
export function readZip(bytes: Uint8Array, options: ZipOptions = {}): Map<string, ZipEntry> {
  rejectUnknownOptions('readZip', options, ZIP_OPTIONS);
  const { maxBytes = 2 ** 32, checksums = true } = options;
  checkMaxBytes('readZip.maxBytes', maxBytes);
  const archive = new Archive(bytes);
  const { count, start, end } = directoryOf(archive);
  const entries = new Map<string, ZipEntry>();
  let at = start;
  let total = 0;
  for (let i = 0; i < count; i++) {
    if (archive.u32(at) !== DIRECTORY_ENTRY || at >= end) {
      throw new ZipError(
        `zip directory: got no file as number ${i + 1}; expected ${count} files. Is it damaged?`,
      );
    }
    const entry = directoryEntry(archive, at);
    at = entry.next;
    if (entries.has(entry.name)) {
      throw new ZipError(`zip directory: got '${entry.name}' twice; expected different names.`);
    }
    total += entry.size;
    if (total > maxBytes) {
      throw new ZipError(
        `zip directory: got ${total} bytes or more to unpack; expected at most maxBytes, ${maxBytes}.`,
      );
    }
    entries.set(entry.name, { size: entry.size, read: () => unpack(archive, entry, checksums) });
  }
  return entries;
}

/** The keys of {@link ZipOptions}, also for the readers that pass them on. */
export const ZIP_OPTIONS = ['maxBytes', 'checksums'] as const satisfies readonly (keyof ZipOptions)[];

/** Reads numbers of an archive, little-endian; a position outside it is an error. */
class Archive {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u16(at: number): number {
    return this.#has(at, 2) ? this.#view.getUint16(at, true) : this.#outside(at);
  }

  u32(at: number): number {
    return this.#has(at, 4) ? this.#view.getUint32(at, true) : this.#outside(at);
  }

  u64(at: number): number {
    return this.#has(at, 8) ? Number(this.#view.getBigUint64(at, true)) : this.#outside(at);
  }

  slice(start: number, length: number): Uint8Array {
    return this.#has(start, length)
      ? this.bytes.subarray(start, start + length)
      : this.#outside(start + length);
  }

  #has(at: number, length: number): boolean {
    return at >= 0 && at + length <= this.bytes.length;
  }

  #outside(at: number): never {
    throw new ZipError(
      `zip: got a position at byte ${at}; expected one of its ${this.bytes.length} bytes. Is it damaged?`,
    );
  }
}

/** The directory's position and number of entries, from the record at the archive's end. */
function directoryOf(archive: Archive): { count: number; start: number; end: number } {
  const { length } = archive.bytes;
  // The record takes 22 bytes and may be followed by a comment of up to 65,535.
  for (let at = length - 22; at >= Math.max(0, length - 22 - 0xffff); at--) {
    if (archive.u32(at) !== END_OF_DIRECTORY) continue;
    const count = archive.u16(at + 10);
    const start = archive.u32(at + 16);
    const zip64 = at >= 20 && archive.u32(at - 20) === LOCATOR_64;
    if (!zip64) return { count, start, end: at };
    const record = archive.u64(at - 12);
    if (archive.u32(record) !== END_OF_DIRECTORY_64) {
      throw new ZipError(
        `zip64 directory: got another record at byte ${record}; expected the directory's end. Is it damaged?`,
      );
    }
    return { count: archive.u64(record + 32), start: archive.u64(record + 48), end: record };
  }
  throw new ZipError(
    `zip: got ${length} bytes without a directory at the end; expected an archive. Was the file cut off?`,
  );
}

interface DirectoryEntry {
  name: string;
  method: number;
  checksum: number;
  packed: number;
  size: number;
  header: number;
  next: number;
}

function directoryEntry(archive: Archive, at: number): DirectoryEntry {
  const nameLength = archive.u16(at + 28);
  const extraLength = archive.u16(at + 30);
  const name = new TextDecoder().decode(archive.slice(at + 46, nameLength));
  if (archive.u16(at + 8) & 1) {
    throw new ZipError(`zip['${name}']: got an encrypted entry; expected one without encryption.`);
  }
  const entry = {
    name,
    method: archive.u16(at + 10),
    checksum: archive.u32(at + 16),
    packed: archive.u32(at + 20),
    size: archive.u32(at + 24),
    header: archive.u32(at + 42),
    next: at + 46 + nameLength + extraLength + archive.u16(at + 32),
  };
  // Sizes that do not fit 32 bits are in the extra field 1, in this order.
  const wide = zip64Field(archive, at + 46 + nameLength, extraLength);
  if (wide !== undefined) {
    let field = wide;
    for (const part of ['size', 'packed', 'header'] as const) {
      if (entry[part] !== 0xffffffff) continue;
      entry[part] = archive.u64(field);
      field += 8;
    }
  }
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    throw new ZipError(
      `zip['${name}']: got compression method ${entry.method}; expected 0 (stored) or 8 (deflated).`,
    );
  }
  const maxSize = entry.method === STORED ? entry.packed : entry.packed * MAX_DEFLATE_RATIO + 64;
  if (entry.packed > archive.bytes.length || entry.size > maxSize) {
    throw new ZipError(
      `zip['${name}']: got a size of ${entry.size} bytes unpacked; expected at most ${maxSize}, from ${entry.packed} packed ones.`,
    );
  }
  return entry;
}

function zip64Field(archive: Archive, start: number, length: number): number | undefined {
  for (let at = start; at + 4 <= start + length; at += 4 + archive.u16(at + 2)) {
    if (archive.u16(at) === 1) return at + 4;
  }
  return undefined;
}

function unpack(archive: Archive, entry: DirectoryEntry, checksums: boolean): Uint8Array {
  const { name, header, packed, size } = entry;
  if (archive.u32(header) !== LOCAL_HEADER) {
    throw new ZipError(
      `zip['${name}']: got other bytes where the directory says; expected a local header. Is it damaged?`,
    );
  }
  const data = header + 30 + archive.u16(header + 26) + archive.u16(header + 28);
  const raw = archive.slice(data, packed);
  let bytes = raw;
  if (entry.method === DEFLATED) {
    try {
      // With an output buffer, the inflater does not write beyond its end.
      bytes = inflateSync(raw, { out: new Uint8Array(size) });
    } catch (error) {
      throw new ZipError(
        `zip['${name}']: got damaged data (${(error as Error).message}); expected a deflate stream.`,
      );
    }
  }
  if (bytes.length !== size) {
    throw new ZipError(`zip['${name}']: got ${bytes.length} bytes; expected ${size}.`);
  }
  if (checksums && crc32(bytes) !== entry.checksum) {
    throw new ZipError(
      `zip['${name}']: got data with another CRC-32; expected that of the archive. Is it damaged?`,
    );
  }
  return bytes;
}
