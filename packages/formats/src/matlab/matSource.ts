import { Inflate } from 'fflate';
import { MatError } from './matError.js';

/** Where a data element of a MAT-file lies. */
export interface MatElement {
  type: number;
  /** Bytes of its data. */
  size: number;
  /** Where its data begin. */
  start: number;
  /** Where the next element begins. */
  next: number;
}

/** The contents of a matrix, in which its elements are found. */
export abstract class MatSource {
  abstract readonly length: number;
  /** Bytes that unpacking takes. */
  abstract readonly cost: number;
  readonly bigEndian: boolean;

  constructor(bigEndian: boolean) {
    this.bigEndian = bigEndian;
  }

  /** A view of the contents. */
  abstract bytes(start: number, size: number): Uint8Array;
  abstract error(at: number, reason: string): MatError;
  /** Compares the checksum of all of the contents, where there is one. */
  abstract verify(): void;

  u32(at: number): number {
    const bytes = this.bytes(at, 4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, !this.bigEndian);
  }

  /** The element whose tag is at `at`; its data are within the contents. */
  element(at: number): MatElement {
    const word = this.u32(at);
    // Up to four bytes are kept in the tag itself, their number in its upper half.
    const small = word >>> 16;
    if (small > 4)
      throw this.error(at, `an element of ${small} bytes in its own tag was found, expected at most 4`);
    if (small > 0) {
      this.bytes(at, 8);
      return { type: word & 0xffff, size: small, start: at + 4, next: at + 8 };
    }
    const size = this.u32(at + 4);
    const start = at + 8;
    if (size > this.length - start) {
      throw this.error(
        at,
        `an element of ${size} bytes is declared, its matrix has ${this.length - start} left`,
      );
    }
    return { type: word, size, start, next: start + Math.ceil(size / 8) * 8 };
  }

  protected checkWithin(start: number, size: number): void {
    if (start + size > this.length) {
      throw this.error(
        start,
        `${size} bytes were expected, the matrix has ${Math.max(0, this.length - start)} left`,
      );
    }
  }
}

/** A matrix that the file holds as it is. */
export class PlainSource extends MatSource {
  readonly length: number;
  readonly cost = 0;
  private readonly data: Uint8Array;
  private readonly offset: number;

  /** @param offset where in the file the contents begin */
  constructor(data: Uint8Array, bigEndian: boolean, offset: number) {
    super(bigEndian);
    this.data = data;
    this.length = data.length;
    this.offset = offset;
  }

  bytes(start: number, size: number): Uint8Array {
    this.checkWithin(start, size);
    return this.data.subarray(start, start + size);
  }

  error(at: number, reason: string): MatError {
    return new MatError(reason, this.offset + at);
  }

  verify(): void {
    // There is no checksum.
  }
}

/** No deflate stream unpacks to more than 1032 times its size; a few bytes more for the smallest ones. */
const MAX_OF_DEFLATE = 1032;
/** Packed bytes that are unpacked at once: to no more than 2 MiB. */
const PIECE = 2048;
const MATRIX = 14;

/** Unpacks a zlib stream, to at most so many bytes. */
export type InflateZlib = (packed: Uint8Array, most: number) => Uint8Array;

/** A matrix in a compressed element. It is unpacked as far as it is asked for, and no further than it declares. */
export class InflatedSource extends MatSource {
  readonly length: number;
  private readonly packed: Uint8Array;
  private readonly offset: number;
  private readonly inflate: Inflate;
  private readonly inflateAll?: InflateZlib;
  private unpacked: Uint8Array = new Uint8Array(PIECE);
  private known = 0;
  private fed = 2;
  /** Whether `inflateAll` has unpacked it, and compared its checksum. */
  private whole = false;
  private declared = Number.POSITIVE_INFINITY;

  /**
   * @param packed a zlib stream (RFC 1950) of a matrix with its tag
   * @param offset where in the file the compressed element begins
   * @param inflateAll unpacks the whole of it, when more than its header is asked for
   */
  constructor(packed: Uint8Array, bigEndian: boolean, offset: number, inflateAll?: InflateZlib) {
    super(bigEndian);
    this.packed = packed;
    this.offset = offset;
    this.inflateAll = inflateAll;
    const [method = 0, flags = 0] = packed;
    if (packed.length < 8 || (method & 15) !== 8 || (method * 256 + flags) % 31 !== 0 || flags & 32) {
      throw this.error(0, 'compressed data were expected to begin as zlib does');
    }
    this.inflate = new Inflate((piece) => this.keep(piece));
    this.unpackTo(8);
    const tag = new DataView(this.unpacked.buffer, 0, 8);
    const type = tag.getUint32(0, !bigEndian);
    if (type !== MATRIX)
      throw this.error(0, `an element of type ${type} was unpacked, expected ${MATRIX} (matrix)`);
    this.length = tag.getUint32(4, !bigEndian);
    this.declared = this.length + 8;
    if (this.declared > packed.length * MAX_OF_DEFLATE + 64) {
      throw this.error(
        0,
        `it should unpack from ${packed.length} to ${this.declared} bytes, which it can't; is the file damaged?`,
      );
    }
    this.checkDeclared();
  }

  bytes(start: number, size: number): Uint8Array {
    this.checkWithin(start, size);
    this.unpackTo(start + size + 8);
    return this.unpacked.subarray(start + 8, start + size + 8);
  }

  error(_at: number, reason: string): MatError {
    return new MatError(`in compressed data: ${reason}`, this.offset);
  }

  verify(): void {
    if (this.whole) return;
    this.unpackTo(this.declared);
    const end = this.packed.length - 4;
    const { buffer, byteOffset } = this.packed;
    const checksum = new DataView(buffer, byteOffset + end, 4).getUint32(0);
    // Whatever is left is more than was declared, or the end of the stream.
    while (this.fed < end) this.feed();
    if (adler32(this.unpacked.subarray(0, this.known)) !== checksum) {
      throw this.error(0, 'the checksum is not that of the data: the file is damaged');
    }
  }

  get cost(): number {
    return this.declared;
  }

  private unpackTo(length: number): void {
    if (length > PIECE && length > this.known && this.inflateAll) this.unpackAll(this.inflateAll);
    while (this.known < length) {
      if (this.fed >= this.packed.length - 4) {
        throw this.error(
          0,
          `${length} bytes were expected, the data unpack to ${this.known}: damaged or cut off?`,
        );
      }
      this.feed();
    }
  }

  private unpackAll(inflate: InflateZlib): void {
    let all: Uint8Array;
    try {
      all = inflate(this.packed, this.declared);
    } catch (cause) {
      throw this.error(
        0,
        `the data are damaged, or more than the ${this.declared} bytes that they declare: ${(cause as Error).message}`,
      );
    }
    if (all.length !== this.declared) {
      throw this.error(
        0,
        `${this.declared} bytes were expected, the data unpack to ${all.length}: damaged or cut off?`,
      );
    }
    this.unpacked = all;
    this.known = all.length;
    this.whole = true;
  }

  private feed(): void {
    const end = this.packed.length - 4;
    const to = Math.min(end, this.fed + PIECE);
    const piece = this.packed.subarray(this.fed, to);
    this.fed = to;
    try {
      this.inflate.push(piece, to === end);
    } catch (cause) {
      if (cause instanceof MatError) throw cause;
      throw this.error(0, `the data are damaged: ${(cause as Error).message}`);
    }
  }

  private keep(piece: Uint8Array): void {
    const known = this.known + piece.length;
    this.checkDeclared(known);
    if (known > this.unpacked.length) {
      const larger = new Uint8Array(Math.max(known, Math.min(2 * known, this.declared)));
      larger.set(this.unpacked.subarray(0, this.known));
      this.unpacked = larger;
    }
    this.unpacked.set(piece, this.known);
    this.known = known;
  }

  private checkDeclared(known = this.known): void {
    if (known > this.declared) {
      throw this.error(0, `it declares ${this.declared} bytes and unpacks to more; is the file damaged?`);
    }
  }
}

/** Adler-32, RFC 1950 section 8.2. */
function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (let at = 0; at < bytes.length; ) {
    // So many can be added before b leaves 32 bits.
    const end = Math.min(bytes.length, at + 3800);
    for (; at < end; at++) {
      a += bytes[at]!;
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return ((b << 16) | a) >>> 0;
}
