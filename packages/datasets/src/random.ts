/** A stream of pseudo-random numbers that depends on nothing but its keys. */
export interface Random {
  /** Uniform in [low, high); default [0, 1). */
  uniform(low?: number, high?: number): number;
  /** Normal with mean 0 and this standard deviation, default 1. */
  normal(deviation?: number): number;
  /** A whole number in [0, n). */
  integer(n: number): number;
  /** One of the items. */
  pick<T>(items: readonly T[]): T;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** The numbers 0..n-1 in random order (Fisher-Yates). */
  permutation(n: number): number[];
}

/**
 * The generator of these keys: sfc32 (C. Doty-Humphrey, PractRand), seeded by a hash of the keys. Equal keys give equal
 * streams; keys that differ anywhere give unrelated ones, so that each sample, epoch and purpose has a stream of its own
 * and none depends on how much another has drawn.
 */
export function random(...keys: (number | string)[]): Random {
  let [a, b, c] = hash(keys.map((key) => `${typeof key}:${key}`).join('|'));
  let counter = 1;
  const next = () => {
    const t = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return (t >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i++) next();

  const stream: Random = {
    uniform: (low = 0, high = 1) => low + (high - low) * next(),
    // Box-Muller; 1 - u keeps the logarithm finite.
    normal: (deviation = 1) =>
      deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    integer: (n) => Math.floor(next() * n),
    pick: (items) => items[stream.integer(items.length)]!,
    chance: (probability) => next() < probability,
    permutation: (n) => {
      const order = Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = stream.integer(i + 1);
        [order[i], order[j]] = [order[j]!, order[i]!];
      }
      return order;
    },
  };
  return stream;
}

/** Three 32-bit words out of a string: FNV-1a from three offsets, each finished as MurmurHash3 does. */
function hash(text: string): [number, number, number] {
  return [0x811c9dc5, 0x9e3779b9, 0x85ebca6b].map((offset) => {
    let h = offset;
    for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return (h ^ (h >>> 16)) | 0;
  }) as [number, number, number];
}
