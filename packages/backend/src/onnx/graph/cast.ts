import type { Graph } from './graph.js';
import { type ElementType, typeNumbers } from './proto.js';
import type { Value } from './value.js';

/** The numbers as another type: truncated towards zero for integers, and true is 1. */
export const cast = (graph: Graph, value: Value, type: ElementType): Value =>
  value.type === type
    ? value
    : graph.record('Cast', [value], value.dims, { type, attributes: { to: typeNumbers[type] } });
