import { checkOneOf } from '../options.js';
import { graphOf, hopDistances, type SkeletonGraph, type SkeletonLayout } from './graphs.js';

/**
 * How a joint's neighbourhood is split into partitions, each with its own weights: ST-GCN, section 3.4, and `'directed'`
 * of the networks after it.
 */
export type PartitionStrategy = 'uniform' | 'distance' | 'spatial' | 'directed';

/**
 * The adjacency matrices of a skeleton, one per partition, as [partition][from][to]. With the first three strategies,
 * each column of their sum is a mean: A D^-1 with D the number of neighbours, the joint itself among them.
 *
 * - `'uniform'`: 1 matrix, the joint and its neighbours together
 * - `'distance'`: 2 matrices, the joint itself; its neighbours
 * - `'spatial'`: 3 matrices, the joint itself; neighbours at least as far from the center; neighbours nearer to it
 * - `'directed'`: 3 matrices, the joint itself; neighbours nearer to the center; neighbours at least as far from it.
 *   Each column of each of these matrices is a mean, or zero. 2s-AGCN, CTR-GCN and ST-GCN++ start from these matrices.
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
  return adjacencyOf(graphOf('layout', layout), partition, 'partition');
}

/**
 * {@link adjacency} of a checked graph, whose errors name the strategy by this path, as in `stgcn.partition`.
 * @throws {EncoderConfigError} when the strategy is unknown
 */
export function adjacencyOf(graph: SkeletonGraph, partition: PartitionStrategy, path: string): number[][][] {
  checkOneOf(path, partition, Object.keys(partOf));
  const part = partOf[partition];
  const hops = hopDistances(graph);
  const toCenter = hops[graph.center]!;
  const counted: number[][][] = Array.from({ length: parts[partition] }, (_, k) =>
    hops.map((row, from) =>
      row.map((distance, to) =>
        distance <= 1 && part(distance, toCenter[from]! - toCenter[to]!) === k ? 1 : 0,
      ),
    ),
  );
  const all = counted.flat();
  return counted.map((matrix) => {
    const neighbours = (partition === 'directed' ? matrix : all).reduce((sums, row) =>
      row.map((one, to) => one + sums[to]!),
    );
    return matrix.map((row) => row.map((one, to) => one / Math.max(neighbours[to]!, 1)));
  });
}

const parts: { [strategy in PartitionStrategy]: number } = {
  uniform: 1,
  distance: 2,
  spatial: 3,
  directed: 3,
};

/** The partition of an edge by its length in hops and by how much farther from the center it starts than it ends. */
const partOf: { [strategy in PartitionStrategy]: (hops: number, farther: number) => number } = {
  uniform: () => 0,
  distance: (hops) => hops,
  spatial: (hops, farther) => (hops === 0 ? 0 : farther >= 0 ? 1 : 2),
  directed: (hops, farther) => (hops === 0 ? 0 : farther < 0 ? 1 : 2),
};
