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
import { checkCount, checkKeys, checkOption } from '../options.js';

/** A skeleton as a graph. The layouts that have a name are below; their bones are those of the data sets. */
export interface SkeletonGraph {
  /** Number of joints. */
  joints: number;
  /** Bones, as pairs of joint indices counted from 0. */
  edges: readonly (readonly [number, number])[];
  /** The joint that partitioning measures distances from, and that is the default root. */
  center: number;
  /**
   * The joint where each joint's bone starts, for bone streams; a joint that names itself has no bone. Default: the
   * joint's neighbour on the way to the center, see {@link boneParents}.
   */
  parents?: readonly number[];
}

/**
 * Names of the skeletons that the package knows.
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
    // PYSKL's bones, unlike its edges, go from the hand to the thumb and on to the tip.
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
  return graphOf('layout', layout);
}

/**
 * {@link skeletonGraph} whose errors name the layout by this path, as in `stgcn.layout`.
 * @throws {EncoderConfigError} as {@link skeletonGraph}
 */
export function graphOf(path: string, layout: SkeletonLayout | SkeletonGraph): SkeletonGraph {
  if (typeof layout === 'string') {
    const names = Object.keys(layouts).join(', ');
    const known = Object.hasOwn(layouts, layout);
    checkOption(path, layout, known, `one of ${names}, or a graph { joints, edges, center }`);
    return layouts[layout];
  }
  checkKeys(path, layout, { joints: true, edges: true, center: true, parents: true });
  checkCount(`${path}.joints`, layout.joints);
  checkEdges(path, layout);
  checkParents(path, layout);
  checkJoint(`${path}.center`, layout.center, layout.joints);
  const unreached = hopDistances(layout)[layout.center]!.flatMap((hops, joint) =>
    hops === Infinity ? [joint] : [],
  );
  if (unreached.length > 0) {
    throw new EncoderConfigError(
      `${path}.edges: got no way from the center ${layout.center} to the joints ${unreached.join(', ')}; expected a ` +
        'connected graph. Add edges to these joints.',
    );
  }
  return layout;
}

function checkEdges(path: string, { joints, edges }: SkeletonGraph): void {
  const pairs = Array.isArray(edges) && edges.every((edge) => Array.isArray(edge) && edge.length === 2);
  checkOption(`${path}.edges`, edges, pairs, 'pairs of joints counted from 0, such as [[0, 1], [1, 2]]');
  const seen = new Set<string>();
  for (const [i, edge] of edges.entries()) {
    const name = `${path}.edges[${i}]`;
    for (const joint of edge) checkJoint(name, joint, joints);
    const [a, b] = edge;
    const key = `${Math.min(a, b)}-${Math.max(a, b)}`;
    const advice = 'The adjacency adds self-loops and the other direction of each edge.';
    checkOption(name, edge, a !== b, 'an edge between two different joints', advice);
    checkOption(name, edge, !seen.has(key), 'each pair of joints once', advice);
    seen.add(key);
  }
}

function checkParents(path: string, { joints, parents }: SkeletonGraph): void {
  if (!parents) return;
  checkOption(
    `${path}.parents`,
    parents,
    parents.length === joints,
    `one parent for each of ${joints} joints`,
  );
  for (const [i, parent] of parents.entries()) checkJoint(`${path}.parents[${i}]`, parent, joints);
}

function checkJoint(name: string, joint: number, joints: number): void {
  const good = Number.isInteger(joint) && joint >= 0 && joint < joints;
  checkOption(name, joint, good, `a joint from 0 to ${joints - 1}`, 'Joints are counted from 0.');
}

/**
 * The joint where each joint's bone starts: the graph's own `parents`, or else the first neighbour that is nearer to the
 * center. The center is its own parent.
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

/** Number of bones on the shortest way between each two joints; Infinity when there is no way. */
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
