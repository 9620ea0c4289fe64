/**
 * Gives each of several weights, or layers of a network, a seed of its own, in the order of the calls, or none when
 * there is none to start from. They must not share one: equal shapes would start with equal values.
 *
 * @param seed the seed of them all; absent: every call gives undefined, which is random
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
  // tfjs's normal distributions take 0 for no seed at all.
  return () => (seed === undefined ? undefined : seed * 1009 + calls++ || zeroth);
}

/** Stands for 0: a prime far from the seeds of small networks. */
const zeroth = 2 ** 31 - 1;
