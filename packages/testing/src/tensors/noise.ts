/** Numbers in [-1, 1] that don't repeat soon: an integer hash of the index. */
export function noise(size: number, seed: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => {
    let h = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
    return ((h ^ (h >>> 15)) >>> 0) / 2 ** 31 - 1;
  });
}
