import { EncoderConfigError } from '../encoderConfigError.js';
import { hopDistances, type SkeletonGraph, type SkeletonLayout, skeletonGraph } from './graphs.js';

/** How a joint's neighbourhood is split into parts with weights of their own: ST-GCN, section 3.4. */
export type PartitionStrategy = 'uniform' | 'distance' | 'spatial';

/**
 * The adjacency matrices of a skeleton, one per partition, as [partition][from][to]. Each column of their sum is a
 * mean: A D^-1 with D the number of neighbours, the joint itself among them.
 *
 * - `'uniform'`: 1 matrix, the joint and its neighbours together
 * - `'distance'`: 2 matrices, the joint itself; its neighbours
 * - `'spatial'`: 3 matrices, the joint itself; neighbours at least as far from the center; neighbours nearer to it
 *
 * @throws {EncoderConfigError} as {@link skeletonGraph}, and when the strategy is unknown
 * @example
 * ```ts
 * import { adjacency } from '@amr/encoders';
 *
 * console.log(adjacency({ joints: 3, edges: [[0, 1], [1, 2]], center: 0 }, 'uniform')[0]); // columns sum to 1
 * ```
 */
export function adjacency(
  layout: SkeletonLayout | SkeletonGraph,
  partition: PartitionStrategy = 'spatial',
): number[][][] {
  const graph = skeletonGraph(layout);
  const part = partOf[partition];
  if (!part) {
    throw new EncoderConfigError(
      `got partition '${partition}'; expected one of ${Object.keys(partOf).join(', ')}.`,
    );
  }
  const hops = hopDistances(graph);
  const toCenter = hops[graph.center]!;
  const neighbours = hops.map((row) => row.filter((distance) => distance <= 1).length);
  return Array.from({ length: parts[partition] }, (_, k) =>
    hops.map((row, from) =>
      row.map((distance, to) => {
        if (distance > 1) return 0;
        return part(distance, toCenter[from]! - toCenter[to]!) === k ? 1 / neighbours[to]! : 0;
      }),
    ),
  );
}

const parts: { [strategy in PartitionStrategy]: number } = { uniform: 1, distance: 2, spatial: 3 };

/** The partition of an edge by its length in hops and by how much farther from the center it starts than it ends. */
const partOf: { [strategy in PartitionStrategy]: (hops: number, farther: number) => number } = {
  uniform: () => 0,
  distance: (hops) => hops,
  spatial: (hops, farther) => (hops === 0 ? 0 : farther >= 0 ? 1 : 2),
};
