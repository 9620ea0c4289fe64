/** Reads bytes from first to last, little-endian unless it says otherwise. */
export class ByteCursor {
  /** The next byte. */
  position: number;
  private readonly all: Uint8Array;
  private readonly view: DataView;
  private readonly error: (message: string) => Error;

  /** @param error makes the error to throw where the bytes end too early */
  constructor(bytes: Uint8Array, error: (message: string) => Error, start = 0) {
    this.position = start;
    this.all = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.error = error;
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }

  u16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  i32(): number {
    return this.view.getInt32(this.take(4), true);
  }

  /** Exact up to 2^53; nothing is that long. */
  u64(): number {
    return Number(this.view.getBigUint64(this.take(8), true));
  }

  bigEndianF64(): number {
    return this.view.getFloat64(this.take(8), false);
  }

  /** A view of the next bytes. */
  bytes(length: number): Uint8Array {
    const start = this.take(length);
    return this.all.subarray(start, start + length);
  }

  /** The bytes up to the next line feed, without it. */
  line(): Uint8Array {
    const end = this.all.indexOf(0x0a, this.position);
    if (end < 0) throw this.error(`a line from byte ${this.position} on has no end`);
    const line = this.bytes(end - this.position);
    this.position++;
    return line;
  }

  private take(length: number): number {
    const start = this.position;
    if (start + length > this.all.length) {
      throw this.error(
        `${length} bytes are expected from byte ${start} on, but there are ${this.all.length}: cut off?`,
      );
    }
    this.position += length;
    return start;
  }
}
