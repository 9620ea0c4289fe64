import type { Graph } from '../graph/graph.js';
import type { Value } from '../graph/value.js';

/** Frames of [batch, frames, length] in another order, some of them twice, and frames of zeros for positions outside. */
export function framesAt(graph: Graph, frames: Value, places: readonly number[]): Value {
  const [batch, count, length] = frames.dims as [number, number, number];
  if (places.length === count && places.every((place, i) => place === i)) return frames;
  const outside = places.find((place) => place < 0 || place >= count);
  // One frame of zeros serves all positions outside.
  const source =
    outside === undefined
      ? frames
      : graph.record('Pad', [frames, graph.integers([0, 0, 0, 0, 1, 0])], [batch, count + 1, length]);
  const indices = graph.integers(places.map((place) => (place < 0 || place >= count ? count : place)));
  return graph.record('Gather', [source, indices], [batch, places.length, length], {
    attributes: { axis: 1 },
  });
}
