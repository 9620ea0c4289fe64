import {
  coco17Bones,
  imigueBones,
  imigueUpperBody,
  imigueUpperBones,
  kinectV1Bones,
  ntuBones,
  ntuBonesOfStgcn,
  openpose18Bones,
} from '@amr/internal';
import { EncoderConfigError } from '../errors.js';

/** A skeleton as a graph. */
export interface SkeletonGraph {
  /** Number of joints. */
  joints: number;
  /** Bones, as pairs of joint indices counted from 0. */
  edges: readonly (readonly [number, number])[];
  /** The joint that partitioning measures distances from, and that is the default root. */
  center: number;
  /**
   * The joint that each joint's bone comes from, for bone streams; a joint that names itself has no bone. Default: its
   * neighbour on the way to the center, see {@link boneParents}.
   */
  parents?: readonly number[];
}

/**
 * The skeletons that are known by name.
 *
 * - `'ntu-rgb+d'`: the 25 joints of Kinect v2, with the edges of ST-GCN and 2s-AGCN; center: the spine between the
 *   shoulders
 * - `'ntu-rgb+d-pyskl'`: the same joints with the edges of PYSKL's graph, which joins thumb and hand tip to the hand
 *   each; its published weights belong to this one
 * - `'openpose-18'`: OpenPose's 18 points (COCO's with a neck); center: the neck; bones as PYSKL has them
 * - `'coco-17'`: COCO's 17 points; center: the nose; bones as PYSKL has them
 * - `'utd-mhad'`, also called `'kinect-v1'`: the 20 joints of Kinect v1; center: the spine between the shoulders
 * - `'imigue'`: the 35 points of iMiGUE's `_light_hand.csv` files, in the order of their columns: OpenPose's 25 of the
 *   body, five finger tips of the left hand (25 to 29), five of the right (30 to 34); center: the neck. The order is
 *   that of the MiGA challenge's reader.
 * - `'imigue-upper'`: the 22 of them above the hips, which is what iMiGUE's seated players show: 0 to 7, 15 to 18 and 25
 *   to 34, in that order
 */
export type SkeletonLayout =
  | 'ntu-rgb+d'
  | 'ntu-rgb+d-pyskl'
  | 'openpose-18'
  | 'coco-17'
  | 'utd-mhad'
  | 'kinect-v1'
  | 'imigue'
  | 'imigue-upper';

const utdMhad: SkeletonGraph = { joints: 20, center: 1, edges: kinectV1Bones };

const layouts: { [layout in SkeletonLayout]: SkeletonGraph } = {
  'ntu-rgb+d': { joints: 25, center: 20, edges: ntuBonesOfStgcn },
  'ntu-rgb+d-pyskl': {
    joints: 25,
    center: 20,
    edges: ntuBones,
    // Its bones, unlike its edges, go from the hand to the tip and on to the thumb.
    parents: boneParents({ joints: 25, center: 20, edges: ntuBonesOfStgcn }),
  },
  'openpose-18': {
    joints: 18,
    center: 1,
    edges: openpose18Bones,
    parents: [0, 0, 1, 2, 3, 1, 5, 6, 2, 8, 9, 5, 11, 12, 0, 0, 14, 15],
  },
  'coco-17': {
    joints: 17,
    center: 0,
    edges: coco17Bones,
    parents: [0, 0, 0, 1, 2, 0, 0, 5, 6, 7, 8, 0, 0, 11, 12, 13, 14],
  },
  'utd-mhad': utdMhad,
  'kinect-v1': utdMhad,
  imigue: { joints: 35, center: 1, edges: imigueBones },
  'imigue-upper': { joints: imigueUpperBody.length, center: 1, edges: imigueUpperBones },
};

/**
 * The graph of a named layout, or the given graph, checked.
 *
 * @throws {EncoderConfigError} when the layout is unknown, a joint is out of range or can't be reached, an edge joins a
 * joint to itself or comes twice, or parents don't fit
 * @example
 * ```ts
 * import { skeletonGraph } from '@amr/encoders';
 *
 * console.log(skeletonGraph('utd-mhad').joints); // 20
 * ```
 */
export function skeletonGraph(layout: SkeletonLayout | SkeletonGraph): SkeletonGraph {
  if (typeof layout === 'string') {
    if (Object.hasOwn(layouts, layout)) return layouts[layout];
    throw new EncoderConfigError(
      `got layout '${layout}'; expected one of ${Object.keys(layouts).join(', ')}, or a graph { joints, edges, center }.`,
    );
  }
  const { joints, edges, center, parents } = layout;
  if (!(Number.isInteger(joints) && joints > 0)) {
    throw new EncoderConfigError(`got a graph of ${joints} joints; expected a whole number above 0.`);
  }
  if (!(Array.isArray(edges) && edges.every((edge) => Array.isArray(edge) && edge.length === 2))) {
    throw new EncoderConfigError(
      `got edges ${JSON.stringify(edges)}; expected pairs of joints that count from 0, such as [[0, 1], [1, 2]].`,
    );
  }
  for (const joint of [center, ...edges.flat(), ...(parents ?? [])]) {
    if (!(Number.isInteger(joint) && joint >= 0 && joint < joints)) {
      throw new EncoderConfigError(
        `got joint ${joint} in a graph of ${joints} joints; expected 0 to ${joints - 1}: edges count from 0.`,
      );
    }
  }
  const seen = new Set<string>();
  for (const [a, b] of edges) {
    const edge = `${Math.min(a, b)}-${Math.max(a, b)}`;
    if (a === b || seen.has(edge)) {
      throw new EncoderConfigError(
        `got the edge [${a}, ${b}] ${a === b ? 'of a joint to itself' : 'twice'}; expected each two joints once: self-loops ` +
          'and both directions are added by the adjacency.',
      );
    }
    seen.add(edge);
  }
  if (parents && parents.length !== joints) {
    throw new EncoderConfigError(
      `got ${parents.length} parents for ${joints} joints; expected one for each.`,
    );
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

/**
 * The joint that each joint's bone comes from: the graph's own `parents`, or else the first neighbour that is nearer to
 * the center. The center is its own parent.
 *
 * @example
 * ```ts
 * import { boneParents } from '@amr/encoders';
 *
 * console.log(boneParents({ joints: 3, edges: [[0, 1], [1, 2]], center: 1 })); // [1, 1, 1]
 * ```
 */
export function boneParents(graph: SkeletonGraph): readonly number[] {
  if (graph.parents) return graph.parents;
  const toCenter = hopDistances(graph)[graph.center]!;
  return toCenter.map((hops, joint) => {
    const edge = graph.edges.find(
      ([a, b]) => (a === joint && toCenter[b]! < hops) || (b === joint && toCenter[a]! < hops),
    );
    return edge ? edge[0] + edge[1] - joint : joint;
  });
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
