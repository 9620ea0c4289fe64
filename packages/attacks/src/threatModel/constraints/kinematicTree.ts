import { formatValue } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { budgetChecks } from '../../options.js';

const { checkOption } = budgetChecks;

/** The bones of a skeleton. */
export interface BoneOptions {
  /**
   * Bones as pairs of joints, counted from 0, in any order and direction: a tree that reaches every joint of the
   * input. `skeletonGraph('ntu-rgb+d').edges` of `@amr/encoders` fits as it is.
   */
  edges: readonly (readonly [number, number])[];
  /**
   * The joint that is placed first; the others follow from bone to bone. Default: the middle of the tree, from which all
   * joints are the fewest bones away (the spine between or below the shoulders in the usual layouts). With a mask it
   * should be a joint that the mask holds in place.
   */
  root?: number;
}

/** A tree of bones in breadth-first order, as arrays, so that tensor operations can treat a whole level at once. */
export interface KinematicTree {
  /** Joints, beginning with the root, level by level; bone i leads to `order[i + 1]`. */
  readonly order: readonly number[];
  /** Index in `order` of each joint. */
  readonly place: readonly number[];
  /** The levels below the root. */
  readonly levels: readonly TreeLevel[];
  /** For each bone the index in `order` of the joint that it leads from. */
  readonly parents: readonly number[];
}

/** Joints that are the same number of bones away from the root. */
interface TreeLevel {
  /** Index in `order` of its first joint. */
  readonly start: number;
  /** For each of its joints the index, in the level above, of its parent. */
  readonly above: readonly number[];
}

/**
 * The tree that bones form.
 * @param path what the options belong to, as in `boneLengths`
 * @throws {ThreatModelError} when the edges are not a tree over the joints from 0 on, or the root is not one of them
 */
export function kinematicTree({ edges, root }: BoneOptions, path: string): KinematicTree {
  checkOption(`${path}.edges`, edges, Array.isArray(edges), 'an array of bones, pairs of joints');
  const joints = edges.length + 1;
  const neighbours = Array.from({ length: joints }, (): number[] => []);
  for (const edge of edges) {
    const [a, b] = edge;
    const valid = (joint: number) => Number.isInteger(joint) && joint >= 0 && joint < joints;
    const expected = `two different joints from 0 to ${joints - 1}, since ${edges.length} bones make a tree of ${joints} joints`;
    const good = edge.length === 2 && valid(a) && valid(b) && a !== b;
    checkOption(`${path}.edges`, edge, good, expected, 'Joints are counted from 0.');
    neighbours[a]!.push(b);
    neighbours[b]!.push(a);
  }
  const isJoint = root === undefined || (Number.isInteger(root) && root >= 0 && root < joints);
  checkOption(`${path}.root`, root, isJoint, `one of the joints 0 to ${joints - 1}`);
  const unreached = levelsFrom(0, neighbours).reduce(
    (left, level) => left.filter((joint) => !level.includes(joint)),
    neighbours.map((_, joint) => joint),
  );
  checkOption(
    `${path}.edges`,
    edges,
    unreached.length === 0,
    `a tree, but no bones lead from joint 0 to ${formatValue(unreached)}, so there is a cycle elsewhere`,
    'Connect each joint to the others by exactly one path.',
  );

  const joined = levelsFrom(root ?? middleOf(neighbours), neighbours);
  const order = joined.flat();
  const place = order.map((_, joint) => order.indexOf(joint));
  let start = 1;
  const levels = joined.slice(1).map((level, i): TreeLevel => {
    const above = level.map((joint) => joined[i]!.findIndex((parent) => neighbours[joint]!.includes(parent)));
    start += level.length;
    return { start: start - level.length, above };
  });
  const parents = levels.flatMap(({ above }, i) => above.map((number) => place[joined[i]![number]!]!));
  return { order, place, levels, parents };
}

/**
 * The matrix `[bones, joints]` that maps joints, in the tree's order, to bones: -1 where a bone begins and 1 where it
 * ends. So the differences along all bones are one product, and the sums over the bones of each joint are one product with
 * the transpose.
 */
export function incidence({ parents }: KinematicTree): tf.Tensor2D {
  const joints = parents.length + 1;
  const entries = new Float32Array(parents.length * joints);
  for (const [bone, parent] of parents.entries()) {
    entries[bone * joints + parent] = -1;
    entries[bone * joints + bone + 1] = 1;
  }
  return tf.tensor2d(entries, [parents.length, joints]);
}

/** The options of bones. */
export const BONE_KEYS = ['edges', 'root'] as const satisfies (keyof BoneOptions)[];

/** The matrix `[joints, bones]` that is 1 where a bone lies between the root and a joint. */
export function pathsFromRoot({ parents }: KinematicTree): tf.Tensor2D {
  const bones = parents.length;
  const entries = new Float32Array((bones + 1) * bones);
  for (const [bone, parent] of parents.entries()) {
    const row = (bone + 1) * bones;
    entries.copyWithin(row, parent * bones, (parent + 1) * bones);
    entries[row + bone] = 1;
  }
  return tf.tensor2d(entries, [bones + 1, bones]);
}

/** Joints, grouped by how many bones away from a joint they are. */
function levelsFrom(joint: number, neighbours: readonly number[][]): number[][] {
  const seen = new Set([joint]);
  const levels = [[joint]];
  for (const level of levels) {
    const next = [...new Set(level.flatMap((at) => neighbours[at]!))].filter((at) => !seen.has(at));
    for (const at of next) seen.add(at);
    if (next.length > 0) levels.push(next);
  }
  return levels;
}

/** The joint in the middle of the longest path through a tree. */
function middleOf(neighbours: readonly number[][]): number {
  const end = levelsFrom(0, neighbours).at(-1)![0]!;
  const levels = levelsFrom(end, neighbours);
  let joint = levels.at(-1)![0]!;
  for (let steps = Math.floor((levels.length - 1) / 2), at = levels.length - 2; steps > 0; steps--, at--) {
    joint = levels[at]!.find((near) => neighbours[joint]!.includes(near))!;
  }
  return joint;
}
