import * as tf from '@tensorflow/tfjs-core';
import { shown, ThreatModelError } from '../../errors.js';

/** The bones of a skeleton. */
export interface BoneOptions {
  /**
   * Bones as pairs of joints, counted from 0, in any order and direction: a tree that reaches every joint of the
   * input. `skeletonGraph('ntu-rgb+d').edges` of `@amr/encoders` fits as it is.
   */
  edges: readonly (readonly [number, number])[];
  /**
   * The joint that is placed first, the others after it from bone to bone. Default: the middle of the tree, from
   * which all joints are the fewest bones away (the spine between or below the shoulders in the usual layouts). Under
   * a mask it should be a joint that the mask leaves in place.
   */
  root?: number;
}

/** A tree of bones in breadth-first order, as arrays that work on whole levels at once. */
export interface KinematicTree {
  /** Joints from the root on, level by level; bone i leads to `order[i + 1]`. */
  readonly order: readonly number[];
  /** Place in `order` of each joint. */
  readonly place: readonly number[];
  /** The levels beneath the root. */
  readonly levels: readonly TreeLevel[];
  /** For each bone the place of the joint that it leads from. */
  readonly parents: readonly number[];
}

/** Joints that are equally far from the root. */
export interface TreeLevel {
  /** Place in `order` of its first joint. */
  readonly start: number;
  /** For each of its joints the number, in the level above, of the joint it hangs on. */
  readonly above: readonly number[];
}

/**
 * Checks bones and puts them in order.
 * @throws {ThreatModelError} when the edges are not a tree over the joints from 0 on, or the root is none of them
 */
export function kinematicTree({ edges, root }: BoneOptions): KinematicTree {
  const joints = edges.length + 1;
  const neighbours = Array.from({ length: joints }, (): number[] => []);
  for (const edge of edges) {
    const [a, b] = edge;
    const valid = (joint: number) => Number.isInteger(joint) && joint >= 0 && joint < joints;
    if (edge.length !== 2 || !valid(a) || !valid(b) || a === b) {
      throw new ThreatModelError(
        `The edges hold the bone ${shown([...edge])}; expected two different joints from 0 to ${joints - 1}, for ${edges.length} bones make a tree of ${joints} joints. Joints are counted from 0.`,
      );
    }
    neighbours[a]!.push(b);
    neighbours[b]!.push(a);
  }
  if (root !== undefined && !(Number.isInteger(root) && root >= 0 && root < joints)) {
    throw new ThreatModelError(`root is ${shown(root)}; expected one of the joints 0 to ${joints - 1}.`);
  }
  const unreached = levelsFrom(0, neighbours).reduce(
    (left, level) => left.filter((joint) => !level.includes(joint)),
    neighbours.map((_, joint) => joint),
  );
  if (unreached.length > 0) {
    throw new ThreatModelError(
      `The edges are not a tree: no bones lead from joint 0 to ${shown(unreached)}, so ${joints - 1} bones make a cycle elsewhere. Join each joint to the others by exactly one way.`,
    );
  }

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
 * The matrix `[bones, joints]` that takes joints, in the tree's order, to bones: -1 where a bone begins and 1 where it
 * ends. So differences along all bones are one product, and so is its transpose, what the joints get from their bones.
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

/** The matrix `[joints, bones]` of 1 where a bone lies between the root and a joint. */
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

/** Joints by their number of bones from a joint. */
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

/** The joint halfway along the longest way through a tree. */
function middleOf(neighbours: readonly number[][]): number {
  const end = levelsFrom(0, neighbours).at(-1)![0]!;
  const levels = levelsFrom(end, neighbours);
  let joint = levels.at(-1)![0]!;
  for (let steps = Math.floor((levels.length - 1) / 2), at = levels.length - 2; steps > 0; steps--, at--) {
    joint = levels[at]!.find((near) => neighbours[joint]!.includes(near))!;
  }
  return joint;
}
