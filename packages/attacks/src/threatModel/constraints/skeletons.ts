import { formatValue } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { budgetChecks } from '../../options.js';
import { type Arrangement, arrangement, axisOf, type SkeletonAxes } from '../../skeleton/skeletonAxes.js';
import type { KinematicTree } from './kinematicTree.js';

/** The bodies of a batch, their joints in a tree's order. A body is one person in one frame. The last axis holds the bodies. */
export interface Bodies extends Pick<Arrangement, 'restore' | 'spread' | 'largestByRow'> {
  /** `[joints, coordinates, bodies]`, joints in the tree's order, the bodies of a row next to one another. */
  arrange(x: tf.Tensor): tf.Tensor3D;
  /** 1 for arranged bodies that are present, `[bodies]`: an absent one is all zero. */
  present(arranged: tf.Tensor3D): tf.Tensor1D;
}

/**
 * The bodies of inputs like this one.
 * @param path what the axes are called in messages
 * @param together axes that go with the coordinates; with the frames among them a body is one person in all frames
 * @throws {ThreatModelError} when the input has no such axes, or another number of joints than the tree
 */
export function bodiesOf(
  like: tf.Tensor,
  tree: KinematicTree,
  axes: SkeletonAxes | undefined,
  path: string,
  together: readonly number[] = [],
): Bodies {
  const { joints = -2, coordinates = -1 } = axes ?? {};
  const axis = axisOf(like, joints, `${path}.joints`);
  const last = axisOf(like, coordinates, `${path}.coordinates`);
  const count = tree.order.length;
  budgetChecks.checkOption(
    `${path}.joints`,
    joints,
    axis !== last && like.shape[axis] === count,
    `an axis of ${count} joints, since the bones make a tree of ${count}, but axis ${joints} of ${formatValue(like)} has ${like.shape[axis]}`,
    'Give the bones of this skeleton, or say in axes where joints and coordinates are.',
  );
  const { arrange, restore, spread, largestByRow } = arrangement(like.shape, [axis, last, ...together]);
  const size = together.reduce((product, other) => product * like.shape[other]!, like.shape[last]!);
  return {
    spread,
    largestByRow,
    arrange: (x) => {
      const merged = tf.reshape<tf.Rank.R3>(arrange(x), [count, size, -1]);
      return tf.gather(merged, tf.tensor1d([...tree.order], 'int32'));
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
