let table: Uint32Array | undefined;

/**
 * CRC-32 (IEEE 802.3) of the bytes, going on from `crc`. It sees every change of up to 32 neighbouring bits.
 * @param crc the value so far, for bytes that come in pieces; 0 starts
 */
export function crc32(bytes: Uint8Array, crc = 0): number {
  table ??= makeTable();
  const t = table;
  let c = ~crc;
  const whole = bytes.length - (bytes.length % 4);
  let i = 0;
  // Slicing by four: one look-up for each byte, but four of them at a time.
  for (; i < whole; i += 4) {
    c ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    c = t[768 + (c & 255)]! ^ t[512 + ((c >>> 8) & 255)]! ^ t[256 + ((c >>> 16) & 255)]! ^ t[c >>> 24]!;
  }
  for (; i < bytes.length; i++) c = t[(c ^ bytes[i]!) & 255]! ^ (c >>> 8);
  return ~c >>> 0;
}

function makeTable(): Uint32Array {
  const t = new Uint32Array(1024);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    t[n] = c;
  }
  for (let n = 0; n < 256; n++) {
    for (let slice = 1; slice < 4; slice++) {
      const previous = t[(slice - 1) * 256 + n]!;
      t[slice * 256 + n] = (previous >>> 8) ^ t[previous & 255]!;
    }
  }
  return t;
}
