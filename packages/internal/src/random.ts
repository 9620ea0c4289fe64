import { murmurFinalizer, textHash } from './hash.js';

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
 * The generator of these keys: {@link sfc32}, seeded by a hash of the keys. Equal keys give equal streams. Keys that differ
 * anywhere give unrelated ones, so that each sample, epoch and purpose has its own stream, and no stream depends on how many
 * numbers another one has drawn.
 */
export function random(...keys: (number | string)[]): Random {
  const text = keys.map((key) => `${typeof key}:${key}`).join('|');
  const bits = sfc32(textHash(text), textHash(text, 0x9e3779b9), textHash(text, 0x85ebca6b), 1);
  const next = () => (bits() >>> 0) / 2 ** 32;

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

/** Uniform numbers in [0, 1) from one seed, by {@link sfc32}. */
export function randomFrom(seed: number): () => number {
  const a = murmurFinalizer(seed | 0);
  const b = murmurFinalizer((a + 0x9e3779b9) | 0);
  const bits = sfc32(a, b, murmurFinalizer((b + 0x9e3779b9) | 0), 1);
  return () => (bits() >>> 0) / 2 ** 32;
}

/** Doty-Humphrey's sfc32 (PractRand): 32 random bits at each call, as a signed integer. The first 12 are skipped, to mix the state. */
export function sfc32(a: number, b: number, c: number, counter: number): () => number {
  let [x, y, z, count] = [a, b, c, counter];
  const next = () => {
    const t = (x + y + count) | 0;
    count = (count + 1) | 0;
    x = y ^ (y >>> 9);
    y = (z + (z << 3)) | 0;
    z = ((z << 21) | (z >>> 11)) + t;
    return t;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}
