/** The finaliser of MurmurHash3 (Appleby 2011), 32 bits: every bit of the result depends on every bit of the value. */
export function murmurFinalizer(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * One 31-bit seed, never 0, from several integers, by MurmurHash3's 32-bit mixing. Random choices of a step depend on
 * (seed, epoch, batch, purpose) alone, so that no generator state has to be saved.
 */
export function mixSeed(...parts: number[]): number {
  let hash = 0x9747b28c;
  for (const part of parts) {
    let k = Math.imul(part | 0, 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    hash ^= Math.imul(k, 0x1b873593);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  // tfjs takes the seed 0 for "no seed".
  return murmurFinalizer(hash ^ parts.length) & 0x7fffffff || 1;
}

/** A 32-bit hash of a text: FNV-1a from this offset, finished as MurmurHash3 does. Different offsets give independent hashes. */
export function textHash(text: string, offset = 0x811c9dc5): number {
  let h = offset;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return murmurFinalizer(h) | 0;
}
