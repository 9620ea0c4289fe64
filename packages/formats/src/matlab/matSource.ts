import { Inflate } from 'fflate';
import { MatError } from './matError.js';

/** The position of a data element in a MAT-file. */
interface MatElement {
  type: number;
  /** Number of bytes of its data. */
  size: number;
  /** Position of its data. */
  start: number;
  /** Position of the next element. */
  next: number;
}

/** The contents of a matrix element: its own elements are read from it. */
export abstract class MatSource {
  abstract readonly length: number;
  /** Memory in bytes for unpacking it. */
  abstract readonly cost: number;
  readonly bigEndian: boolean;

  constructor(bigEndian: boolean) {
    this.bigEndian = bigEndian;
  }

  /** A view of the contents. */
  abstract bytes(start: number, size: number): Uint8Array;
  abstract error(at: number, reason: string): MatError;
  /** Compares the checksum of the contents, if there is one. */
  abstract verify(): void;

  u32(at: number): number {
    const bytes = this.bytes(at, 4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, !this.bigEndian);
  }

  /** The element whose tag is at `at`. Its data lie within the contents. */
  element(at: number): MatElement {
    const word = this.u32(at);
    // Up to four bytes of data are stored in the tag itself, their number in its upper half.
    const small = word >>> 16;
    if (small > 4) {
      throw this.error(at, `got an element of ${small} bytes in its own tag; expected at most 4.`);
    }
    if (small > 0) {
      this.bytes(at, 8);
      return { type: word & 0xffff, size: small, start: at + 4, next: at + 8 };
    }
    const size = this.u32(at + 4);
    const start = at + 8;
    if (size > this.length - start) {
      throw this.error(
        at,
        `got ${this.length - start} bytes to the matrix's end; expected an element of ${size}.`,
      );
    }
    return { type: word, size, start, next: start + Math.ceil(size / 8) * 8 };
  }

  protected checkWithin(start: number, size: number): void {
    if (start + size > this.length) {
      throw this.error(
        start,
        `got ${Math.max(0, this.length - start)} bytes to the matrix's end; expected ${size}.`,
      );
    }
  }
}

/** A matrix that the file stores uncompressed. */
export class PlainSource extends MatSource {
  readonly length: number;
  readonly cost = 0;
  readonly #data: Uint8Array;
  readonly #offset: number;

  /** @param offset position of the contents in the file */
  constructor(data: Uint8Array, bigEndian: boolean, offset: number) {
    super(bigEndian);
    this.#data = data;
    this.length = data.length;
    this.#offset = offset;
  }

  bytes(start: number, size: number): Uint8Array {
    this.checkWithin(start, size);
    return this.#data.subarray(start, start + size);
  }

  error(at: number, reason: string): MatError {
    return new MatError(reason, this.#offset + at);
  }

  verify(): void {
    // Uncompressed elements have no checksum.
  }
}

/** No deflate stream unpacks to more than 1032 times its size, and a few bytes for the smallest streams. */
const MAX_DEFLATE_RATIO = 1032;
/** Number of compressed bytes that are unpacked at once: they become at most 2 MiB. */
const PIECE = 2048;
/** Type of an element that holds a matrix. */
export const MATRIX = 14;

/** Unpacks a zlib stream to at most `maxBytes` bytes. */
type InflateZlib = (packed: Uint8Array, maxBytes: number) => Uint8Array;

/** A matrix in a compressed element. It is unpacked as far as it is read, and no further than it declares. */
export class InflatedSource extends MatSource {
  readonly length: number;
  readonly #packed: Uint8Array;
  readonly #offset: number;
  readonly #inflate: Inflate;
  readonly #inflateAll: InflateZlib | undefined;
  #unpacked: Uint8Array = new Uint8Array(PIECE);
  /** Number of bytes that have been unpacked. */
  #known = 0;
  /** Number of compressed bytes that have been given to the inflater; the first 2 are zlib's header. */
  #fed = 2;
  /** Whether `inflateAll` has unpacked everything and compared the checksum. */
  #verified = false;
  /** Number of bytes that the element declares, with its tag. */
  #declared = Number.POSITIVE_INFINITY;

  /**
   * @param packed a zlib stream (RFC 1950) of a matrix with its tag
   * @param offset position of the compressed element in the file
   * @param inflateAll unpacks it as a whole, when more than its header is read
   */
  constructor(packed: Uint8Array, bigEndian: boolean, offset: number, inflateAll?: InflateZlib) {
    super(bigEndian);
    this.#packed = packed;
    this.#offset = offset;
    this.#inflateAll = inflateAll;
    const [method = 0, flags = 0] = packed;
    if (packed.length < 8 || (method & 15) !== 8 || (method * 256 + flags) % 31 !== 0 || flags & 32) {
      throw this.error(0, 'got data without a zlib header; expected a zlib stream.');
    }
    this.#inflate = new Inflate((piece) => this.#keep(piece));
    this.#unpackTo(8);
    const tag = new DataView(this.#unpacked.buffer, 0, 8);
    const type = tag.getUint32(0, !bigEndian);
    if (type !== MATRIX) {
      throw this.error(0, `got an element of type ${type}; expected ${MATRIX} (matrix).`);
    }
    this.length = tag.getUint32(4, !bigEndian);
    this.#declared = this.length + 8;
    if (this.#declared > packed.length * MAX_DEFLATE_RATIO + 64) {
      throw this.error(
        0,
        `got a declared size of ${this.#declared} bytes; expected less from ${packed.length} compressed ones. Is the file damaged?`,
      );
    }
    this.#checkDeclared();
  }

  bytes(start: number, size: number): Uint8Array {
    this.checkWithin(start, size);
    this.#unpackTo(start + size + 8);
    return this.#unpacked.subarray(start + 8, start + size + 8);
  }

  error(_at: number, reason: string): MatError {
    return new MatError(`in compressed data, ${reason}`, this.#offset);
  }

  verify(): void {
    if (this.#verified) return;
    this.#unpackTo(this.#declared);
    const end = this.#packed.length - 4;
    const { buffer, byteOffset } = this.#packed;
    const checksum = new DataView(buffer, byteOffset + end, 4).getUint32(0);
    // The rest is the end of the stream, or more data than declared, which is an error.
    while (this.#fed < end) this.#feed();
    if (adler32(this.#unpacked.subarray(0, this.#known)) !== checksum) {
      throw this.error(
        0,
        'got data with another checksum; expected that of the stream. Is the file damaged?',
      );
    }
  }

  get cost(): number {
    return this.#declared;
  }

  #unpackTo(length: number): void {
    if (length > PIECE && length > this.#known && this.#inflateAll) this.#unpackAll(this.#inflateAll);
    while (this.#known < length) {
      if (this.#fed >= this.#packed.length - 4) {
        throw this.error(
          0,
          `got ${this.#known} bytes unpacked; expected ${length}. Is the file damaged or cut off?`,
        );
      }
      this.#feed();
    }
  }

  #unpackAll(inflate: InflateZlib): void {
    let all: Uint8Array;
    try {
      all = inflate(this.#packed, this.#declared);
    } catch (cause) {
      throw this.error(
        0,
        `got data that are damaged, or more than declared (${(cause as Error).message}); expected ${this.#declared} bytes.`,
      );
    }
    if (all.length !== this.#declared) {
      throw this.error(
        0,
        `got ${all.length} bytes unpacked; expected ${this.#declared}. Is the file damaged or cut off?`,
      );
    }
    this.#unpacked = all;
    this.#known = all.length;
    this.#verified = true;
  }

  #feed(): void {
    const end = this.#packed.length - 4;
    const to = Math.min(end, this.#fed + PIECE);
    const piece = this.#packed.subarray(this.#fed, to);
    this.#fed = to;
    try {
      this.#inflate.push(piece, to === end);
    } catch (cause) {
      if (cause instanceof MatError) throw cause;
      throw this.error(0, `got damaged data (${(cause as Error).message}); expected a zlib stream.`);
    }
  }

  #keep(piece: Uint8Array): void {
    const known = this.#known + piece.length;
    this.#checkDeclared(known);
    if (known > this.#unpacked.length) {
      const larger = new Uint8Array(Math.max(known, Math.min(2 * known, this.#declared)));
      larger.set(this.#unpacked.subarray(0, this.#known));
      this.#unpacked = larger;
    }
    this.#unpacked.set(piece, this.#known);
    this.#known = known;
  }

  #checkDeclared(known = this.#known): void {
    if (known > this.#declared) {
      throw this.error(
        0,
        `got more than the declared size; expected ${this.#declared} bytes. Is the file damaged?`,
      );
    }
  }
}

/** Adler-32, RFC 1950 section 8.2. */
function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (let at = 0; at < bytes.length; ) {
    // b stays within 32 bits for this many additions.
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
