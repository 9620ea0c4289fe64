import { EncoderConfigError } from '../encoderConfigError.js';

/** A skeleton as a graph. */
export interface SkeletonGraph {
  /** Number of joints. */
  joints: number;
  /** Bones, as pairs of joint indices counted from 0. */
  edges: readonly (readonly [number, number])[];
  /** The joint that 'spatial' partitioning measures distances from, and that is the default root. */
  center: number;
}

/**
 * The skeletons that are known by name: `'ntu-rgb+d'`, the 25 joints of Kinect v2, and `'utd-mhad'`, the 20 of Kinect
 * v1.
 */
export type SkeletonLayout = 'ntu-rgb+d' | 'utd-mhad';

/** Bones as the data sets' own pages number them, from 1. */
const layouts: { [layout in SkeletonLayout]: { joints: number; center: number; bones: [number, number][] } } =
  {
    'ntu-rgb+d': {
      joints: 25,
      center: 21, // the spine, between the shoulders
      // biome-ignore format: limb by limb
      bones: [
      [1, 2], [2, 21], [3, 21], [4, 3],
      [5, 21], [6, 5], [7, 6], [8, 7], [22, 23], [23, 8],
      [9, 21], [10, 9], [11, 10], [12, 11], [24, 25], [25, 12],
      [13, 1], [14, 13], [15, 14], [16, 15],
      [17, 1], [18, 17], [19, 18], [20, 19],
    ],
    },
    'utd-mhad': {
      joints: 20,
      center: 2, // the spine, between the shoulders
      // biome-ignore format: limb by limb
      bones: [
      [1, 2], [2, 3], [3, 4],
      [5, 2], [6, 5], [7, 6], [8, 7],
      [9, 2], [10, 9], [11, 10], [12, 11],
      [13, 4], [14, 13], [15, 14], [16, 15],
      [17, 4], [18, 17], [19, 18], [20, 19],
    ],
    },
  };

/**
 * The graph of a named layout, or the given graph, checked.
 *
 * @throws {EncoderConfigError} when the layout is unknown, a joint is out of range, or a joint can't be reached
 * @example
 * ```ts
 * import { skeletonGraph } from '@amr/encoders';
 *
 * console.log(skeletonGraph('utd-mhad').joints); // 20
 * ```
 */
export function skeletonGraph(layout: SkeletonLayout | SkeletonGraph): SkeletonGraph {
  if (typeof layout === 'string') {
    const known = layouts[layout];
    if (!known) {
      throw new EncoderConfigError(
        `got layout '${layout}'; expected one of ${Object.keys(layouts).join(', ')}, or a graph { joints, edges, center }.`,
      );
    }
    const { joints, center, bones } = known;
    return { joints, center: center - 1, edges: bones.map(([a, b]) => [a - 1, b - 1] as const) };
  }
  const { joints, edges, center } = layout;
  for (const joint of [center, ...edges.flat()]) {
    if (!(Number.isInteger(joint) && joint >= 0 && joint < joints)) {
      throw new EncoderConfigError(
        `got joint ${joint} in a graph of ${joints} joints; expected 0 to ${joints - 1}: edges count from 0.`,
      );
    }
  }
  const unreached = hopDistances(layout)[center]!.flatMap((hops, joint) =>
    hops === Infinity ? [joint] : [],
  );
  if (unreached.length > 0) {
    throw new EncoderConfigError(
      `got a graph whose joints ${unreached.join(', ')} are not connected to the center ${center}; add edges to them.`,
    );
  }
  return layout;
}

/** Number of bones on the shortest way between each two joints; Infinity where there is none. */
export function hopDistances({ joints, edges }: SkeletonGraph): number[][] {
  const neighbours = Array.from({ length: joints }, (): number[] => []);
  for (const [a, b] of edges) {
    neighbours[a]!.push(b);
    neighbours[b]!.push(a);
  }
  return neighbours.map((_, start) => {
    const hops = new Array<number>(joints).fill(Infinity);
    hops[start] = 0;
    const queue = [start];
    for (const joint of queue) {
      for (const next of neighbours[joint]!) {
        if (hops[next] !== Infinity) continue;
        hops[next] = hops[joint]! + 1;
        queue.push(next);
      }
    }
    return hops;
  });
}
