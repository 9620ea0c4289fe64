import * as tf from '@tensorflow/tfjs-core';
import { shown, ThreatModelError } from '../../errors.js';
import { arrangement, axisOf, type SkeletonAxes } from '../../skeleton/skeletonAxes.js';
import type { KinematicTree } from './kinematicTree.js';

/** How to get from an input to bodies in a tree's order and back. A body is one person in one frame. */
export interface Skeletons {
  /** `[joints, coordinates, bodies]`, joints in the tree's order, the bodies of a row next to one another. */
  arrange(x: tf.Tensor): tf.Tensor3D;
  /** The way back. */
  restore(x: tf.Tensor): tf.Tensor;
  /** Values of the rows of a batch for each of their bodies, `[bodies]`. */
  spread(rows: tf.Tensor): tf.Tensor1D;
  /** The largest value in each row, `[batch]`, of something `[any, any, bodies]`. */
  largestByRow(x: tf.Tensor): tf.Tensor1D;
  /** 1 for arranged bodies that are there, `[bodies]`: an absent one is all zero. */
  present(arranged: tf.Tensor3D): tf.Tensor1D;
}

/**
 * The bodies of inputs like this one.
 * @param together axes that go with the coordinates; with the frames among them a body is one person in all frames
 * @throws {ThreatModelError} when it has no such axes, or not as many joints as the tree
 */
export function skeletons(
  like: tf.Tensor,
  tree: KinematicTree,
  { joints = -2, coordinates = -1 }: SkeletonAxes = {},
  together: readonly number[] = [],
): Skeletons {
  const axis = axisOf(like, joints, 'joints');
  const last = axisOf(like, coordinates, 'coordinates');
  const count = tree.order.length;
  if (axis === last || like.shape[axis] !== count) {
    throw new ThreatModelError(
      `The bones make a tree of ${count} joints, but axis ${joints} of the input, ${shown(like)}, has ${like.shape[axis]}; expected [batch, persons, frames, joints, coordinates]. Give the bones of this skeleton, or say in axes where joints and coordinates are.`,
    );
  }
  const { arrange, restore, spread, largestByRow } = arrangement(like.shape, [axis, last, ...together]);
  const size = together.reduce((product, other) => product * like.shape[other]!, like.shape[last]!);
  return {
    spread,
    largestByRow,
    arrange: (x) => {
      const joined = tf.reshape<tf.Rank.R3>(arrange(x), [count, size, -1]);
      return tf.gather(joined, tf.tensor1d([...tree.order], 'int32'));
    },
    restore: (x) => restore(tf.gather(x, tf.tensor1d([...tree.place], 'int32'))),
    present: (arranged) => tf.cast(tf.any<tf.Tensor1D>(tf.notEqual(arranged, 0), [0, 1]), 'float32'),
  };
}

/** Differences along all bones, `[bones, ...]`, of values of joints in the tree's order, `[joints, ...]`. */
export function alongBones(ends: tf.Tensor2D, joints: tf.Tensor3D): tf.Tensor3D {
  const [count, size, bodies] = joints.shape;
  const flat = tf.reshape<tf.Rank.R2>(joints, [count, size * bodies]);
  return tf.reshape(tf.matMul(ends, flat), [count - 1, size, bodies]);
}

/** Euclidean lengths `[any, 1, bodies]` of vectors `[any, coordinates, bodies]`. */
export function lengthsOf(vectors: tf.Tensor3D): tf.Tensor3D {
  return tf.sqrt(tf.sum<tf.Tensor3D>(tf.square(vectors), 1, true));
}
