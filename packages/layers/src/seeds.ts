/**
 * Derives different seeds from one: for networks in which each weight or layer needs its own. With a common seed, weights
 * of equal shapes would start with equal values.
 *
 * @param seed where they all start; without it every call gives undefined, which means random
 * @returns a function that gives the next seed at each call
 * @example
 * ```ts
 * import { seeds } from '@amr/layers';
 *
 * const next = seeds(1);
 * console.log(next(), next(), seeds(undefined)()); // 1009 1010 undefined
 * ```
 */
export function seeds(seed: number | undefined): () => number | undefined {
  let calls = 0;
  // tfjs's normal distributions take the seed 0 for no seed at all.
  return () => (seed === undefined ? undefined : seed * 1009 + calls++ || SEED_INSTEAD_OF_0);
}

/** A prime far from the seeds of small networks. */
const SEED_INSTEAD_OF_0 = 2 ** 31 - 1;
