import { inflateSync } from 'fflate';
import { FormatError } from '../errors.js';
import { crc32 } from './crc32.js';

/** Bytes that aren't a zip archive, or one that is damaged or too large. */
export class ZipError extends FormatError {
  /** The name of the class. */
  override readonly name = 'ZipError';
}

/** How an archive is read. */
export interface ZipOptions {
  /** The most that all entries together may take once they are unpacked. Default 4 GiB. */
  maxBytes?: number;
  /** Compares each entry's CRC-32 with the archive's. Default true. */
  checksums?: boolean;
}

/** A file in an archive. */
export interface ZipEntry {
  /** Its size once it is unpacked. */
  size: number;
  /**
   * Its bytes: a view when the archive stores them as they are.
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
/** No deflate stream unpacks to more than 1032 times its size; a few bytes more for the smallest ones. */
const MAX_OF_DEFLATE = 1032;

/**
 * Reads the directory of a zip archive (APPNOTE 6.3: stored and deflated entries, zip64, no encryption, one disk).
 * Entries are unpacked when they are read; nothing is written anywhere.
 * @returns the entries by name, in the order of the directory
 * @throws {ZipError} when the bytes are no archive, entries lie outside of it or have the same name, or it declares
 * more than `maxBytes`
 */
export function readZip(bytes: Uint8Array, options: ZipOptions = {}): Map<string, ZipEntry> {
  const { maxBytes = 2 ** 32, checksums = true } = options;
  const archive = new Archive(bytes);
  const { count, start, end } = directoryOf(archive);
  const entries = new Map<string, ZipEntry>();
  let at = start;
  let total = 0;
  for (let i = 0; i < count; i++) {
    if (archive.u32(at) !== DIRECTORY_ENTRY || at >= end) {
      throw new ZipError(`the directory is damaged: it should list ${count} files, number ${i + 1} is none`);
    }
    const entry = directoryEntry(archive, at);
    at = entry.next;
    if (entries.has(entry.name)) throw new ZipError(`'${entry.name}' is there twice`);
    total += entry.size;
    if (total > maxBytes) {
      throw new ZipError(
        `the archive declares ${total} bytes or more once it is unpacked; expected at most maxBytes, ${maxBytes}`,
      );
    }
    entries.set(entry.name, { size: entry.size, read: () => unpack(archive, entry, checksums) });
  }
  return entries;
}

/** Numbers of an archive, little-endian, with an error where it ends. */
class Archive {
  readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u16(at: number): number {
    return this.has(at, 2) ? this.view.getUint16(at, true) : this.ended(at);
  }

  u32(at: number): number {
    return this.has(at, 4) ? this.view.getUint32(at, true) : this.ended(at);
  }

  u64(at: number): number {
    return this.has(at, 8) ? Number(this.view.getBigUint64(at, true)) : this.ended(at);
  }

  slice(start: number, length: number): Uint8Array {
    return this.has(start, length) ? this.bytes.subarray(start, start + length) : this.ended(start + length);
  }

  private has(at: number, length: number): boolean {
    return at >= 0 && at + length <= this.bytes.length;
  }

  private ended(at: number): never {
    throw new ZipError(`the archive is damaged: byte ${at} is asked for, it has ${this.bytes.length}`);
  }
}

/** Where the directory begins and how many entries it has, from the record at the archive's end. */
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
    if (archive.u32(record) !== END_OF_DIRECTORY_64) throw new ZipError('the zip64 directory is damaged');
    return { count: archive.u64(record + 32), start: archive.u64(record + 48), end: record };
  }
  throw new ZipError(
    `expected a zip archive: no directory at the end of the ${length} bytes; were some cut off?`,
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
  if (archive.u16(at + 8) & 1) throw new ZipError(`'${name}' is encrypted`);
  const entry = {
    name,
    method: archive.u16(at + 10),
    checksum: archive.u32(at + 16),
    packed: archive.u32(at + 20),
    size: archive.u32(at + 24),
    header: archive.u32(at + 42),
    next: at + 46 + nameLength + extraLength + archive.u16(at + 32),
  };
  // What does not fit 32 bits stands in the extra field 1, in this order.
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
    throw new ZipError(`'${name}' is packed by method ${entry.method}; expected 0 (stored) or 8 (deflated)`);
  }
  const most = entry.method === STORED ? entry.packed : entry.packed * MAX_OF_DEFLATE + 64;
  if (entry.packed > archive.bytes.length || entry.size > most) {
    throw new ZipError(`'${name}' should unpack from ${entry.packed} to ${entry.size} bytes, which it can't`);
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
  if (archive.u32(header) !== LOCAL_HEADER) throw new ZipError(`'${name}' is not where the directory says`);
  const data = header + 30 + archive.u16(header + 26) + archive.u16(header + 28);
  const raw = archive.slice(data, packed);
  let bytes = raw;
  if (entry.method === DEFLATED) {
    try {
      // Given the space, the inflater writes no further than its end.
      bytes = inflateSync(raw, { out: new Uint8Array(size) });
    } catch (error) {
      throw new ZipError(`'${name}' is damaged: ${(error as Error).message}`);
    }
  }
  if (bytes.length !== size) throw new ZipError(`'${name}' has ${bytes.length} bytes; expected ${size}`);
  if (checksums && crc32(bytes) !== entry.checksum) {
    throw new ZipError(`'${name}' is damaged: its CRC-32 is not the one in the archive`);
  }
  return bytes;
}
