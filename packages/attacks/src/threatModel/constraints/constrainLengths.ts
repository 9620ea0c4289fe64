import * as tf from '@tensorflow/tfjs-core';
import { incidence, type KinematicTree } from './kinematicTree.js';
import { alongBones, lengthsOf } from './skeletons.js';

/** Sweeps over all bones before joints are placed along the tree; more gain little. */
const SWEEPS = 8;
/** Fractions of a swing that are tried at once; a second round tries as many between two of the first. */
const FRACTIONS = 8;
/** How far outside its box a joint may be, relative to the box: the rounding of a bone in a box of 2 cm. */
const SLACK = 1 + 2 ** -18;
/** A bone shorter than this fraction of its clean length has no meaningful direction. */
const MIN_FRACTION = 1e-4;
/** Avoids 0 / 0. */
const TINY = 1e-30;

/** Skeletons in the order of a {@link KinematicTree}, and how far their joints and bones may change. */
export interface LengthLimits {
  /** The tree. */
  readonly tree: KinematicTree;
  /** Clean joints, `[joints, coordinates, bodies]`. */
  readonly clean: tf.Tensor3D;
  /** The fraction by which a bone's length may change, 0 or more. */
  readonly change: number;
  /** How far a coordinate may be moved, `[bodies]`. */
  readonly reach: tf.Tensor1D;
}

/**
 * Moves of joints that keep bone lengths within their limits and each joint in its box, close to the wanted moves.
 *
 * First all bones pull both their ends at once until the lengths nearly fit (the Jacobi form of Mueller et al. 2007,
 * Position based dynamics, section 3.4), with each joint clipped to its box. Then, level by level from the root, each joint
 * swings from where its parent's move would carry it, which always fits, towards its wanted position, as far as the box
 * allows: child = parent + L * u / |u|, u = bone + fraction * (wanted move - parent's move).
 *
 * Joints whose wanted move is exactly 0 don't yield to their neighbours: a joint that a mask holds stays in place as long
 * as the mask holds the path from the root to it.
 * @param wanted `[joints, coordinates, bodies]`
 */
export function constrainLengths(
  { tree, clean, change, reach }: LengthLimits,
  wanted: tf.Tensor3D,
): tf.Tensor3D {
  const [, size, count] = clean.shape;
  const ends = incidence(tree);
  const bones = alongBones(ends, clean);
  const lengths = lengthsOf(bones);
  const limits: Limits = { shortest: tf.mul(lengths, 1 - change), longest: tf.mul(lengths, 1 + change) };
  const moves = tf.tidy(() => relax({ ends, bones, limits, reach }, wanted));

  const levels = [tf.slice3d(moves, [0, 0, 0], [1, size, count])];
  for (const { start, above } of tree.levels) {
    const part = (x: tf.Tensor3D, from: number) => tf.slice3d(x, [from, 0, 0], [above.length, -1, count]);
    const carried = tf.gather(levels.at(-1)!, tf.tensor1d([...above], 'int32'));
    const bone = {
      vector: part(bones, start - 1),
      shortest: part(limits.shortest, start - 1),
      longest: part(limits.longest, start - 1),
      least: tf.mul<tf.Tensor3D>(part(lengths, start - 1), MIN_FRACTION),
    };
    levels.push(tf.tidy(() => swingJoint(bone, carried, tf.sub(part(moves, start), carried), reach)));
  }
  return tf.concat(levels, 0);
}

/** Lengths that bones may have. */
interface Limits<T extends tf.Tensor = tf.Tensor3D> {
  shortest: T;
  longest: T;
}

/** Moves after which all bone lengths nearly fit: a bone that doesn't fit moves its free ends, each by half if both are free. */
function relax(
  body: { ends: tf.Tensor2D; bones: tf.Tensor3D; limits: Limits; reach: tf.Tensor1D },
  wanted: tf.Tensor3D,
): tf.Tensor3D {
  const { ends, bones, limits, reach } = body;
  const [joints, size, count] = wanted.shape;
  const touches = tf.abs(ends);
  const free = tf.cast(tf.any(tf.notEqual(wanted, 0), 1), 'float32') as tf.Tensor2D;
  const split: tf.Tensor3D = tf.expandDims(tf.div(1, tf.maximum(tf.matMul(touches, free), 1)), 1);
  // Joints of many bones are pulled from all sides at once; divided by the root of their number the sweeps still converge fast.
  const damping = tf.expandDims<tf.Tensor3D>(
    tf.div(free, tf.sqrt(tf.reshape(tf.sum(touches, 0), [joints, 1]))),
    1,
  );
  let moves = clipToReach(wanted, reach);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const bent = tf.add<tf.Tensor3D>(bones, alongBones(ends, moves));
    const error = tf.mul(bent, tf.mul(tf.sub(lengthFactor(lengthsOf(bent), limits), 1), split));
    const pulled = tf.matMul(ends, tf.reshape<tf.Rank.R2>(error, [joints - 1, size * count]), true);
    moves = clipToReach(tf.add(moves, tf.mul(tf.reshape(pulled, wanted.shape), damping)), reach);
  }
  return moves;
}

/** The move of a joint that goes the furthest along `way`, starting from the move of its parent. */
function swingJoint(
  bone: Limits & { vector: tf.Tensor3D; least: tf.Tensor3D },
  carried: tf.Tensor3D,
  way: tf.Tensor3D,
  reach: tf.Tensor1D,
): tf.Tensor3D {
  const swing = (fraction: tf.Tensor) => {
    const bent = tf.add(bone.vector, tf.mul(way, fraction));
    const length = tf.sqrt(tf.sum(tf.square(bent), -2, true));
    const move = tf.add(carried, tf.sub(tf.mul(bent, lengthFactor(length, bone)), bone.vector));
    return { length, move };
  };
  const limit = tf.mul(reach, SLACK);
  const fractions = tf.reshape(tf.linspace(1 / FRACTIONS, 1, FRACTIONS), [FRACTIONS, 1, 1, 1]);
  let fraction: tf.Tensor = tf.zerosLike(bone.least);
  for (let width = 1; width >= 1 / FRACTIONS; width /= FRACTIONS) {
    const tried = tf.minimum(tf.add(fraction, tf.mul(fractions, width)), 1);
    const { length, move } = swing(tried);
    const inside = tf.lessEqual(tf.max(tf.abs(move), 2, true), limit);
    const fits = tf.logicalAnd(inside, tf.greater(length, bone.least));
    fraction = tf.max(tf.where(fits, tried, fraction), 0);
  }
  return swing(fraction).move as tf.Tensor3D;
}

/** The factor that makes a length neither too short nor too long. */
function lengthFactor<T extends tf.Tensor>(length: T, { shortest, longest }: Limits<tf.Tensor>): T {
  return tf.div(tf.maximum(tf.minimum(length, longest), shortest), tf.maximum(length, TINY));
}

function clipToReach(moves: tf.Tensor3D, reach: tf.Tensor1D): tf.Tensor3D {
  return tf.maximum(tf.minimum(moves, reach), tf.neg(reach));
}
