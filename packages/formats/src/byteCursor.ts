/** Reads bytes from first to last, little-endian unless the method says otherwise. */
export class ByteCursor {
  /** Index of the next byte. */
  position: number;
  readonly #all: Uint8Array;
  readonly #view: DataView;
  readonly #error: (message: string) => Error;

  /** @param error makes the error to throw when the bytes end too early */
  constructor(bytes: Uint8Array, error: (message: string) => Error, start = 0) {
    this.position = start;
    this.#all = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#error = error;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  /** Exact up to 2^53; no length is larger. */
  u64(): number {
    return Number(this.#view.getBigUint64(this.#advance(8), true));
  }

  bigEndianF64(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  /** A view of the next bytes. */
  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#all.subarray(start, start + length);
  }

  /** The bytes up to the next line feed, without it. */
  line(): Uint8Array {
    const end = this.#all.indexOf(0x0a, this.position);
    if (end < 0) {
      throw this.#error(`byte ${this.position}: got a line without an end; expected a line feed.`);
    }
    const line = this.bytes(end - this.position);
    this.position++;
    return line;
  }

  #advance(length: number): number {
    const start = this.position;
    if (start + length > this.#all.length) {
      const left = this.#all.length - start;
      throw this.#error(
        `byte ${start}: got ${left} bytes to the end; expected ${length}. Was the file cut off?`,
      );
    }
    this.position += length;
    return start;
  }
}
