/**
 * Gives each layer of a network a seed of its own, in the order of construction, or none when there is none to start
 * from. Layers must not share one: equal shapes would start with equal weights.
 */
export function seeds(seed: number | undefined): () => number | undefined {
  let layer = 0;
  return () => (seed === undefined ? undefined : seed * 1009 + layer++);
}
