import * as tf from '@tensorflow/tfjs-core';
import { incidence, type KinematicTree } from './kinematicTree.js';
import { alongBones, lengthsOf } from './skeletons.js';

/** Sweeps over all bones before the tree is put together; more gain little. */
const SWEEPS = 8;
/** Shares of a swing that are tried at once, twice: the second time between two of the first. */
const SHARES = 8;
/** How far a joint may stand outside its box, in parts of it: what rounding does to a bone as long as a box of 2 cm. */
const SLACK = 1 + 2 ** -18;
/** Bones shorter than this share of their clean length have no direction worth keeping. */
const SHORTEST = 1e-4;
/** Keeps 0 / 0 away. */
const TINY = 1e-30;

/** Skeletons in the order of a {@link KinematicTree}, and what their joints may do. */
export interface Bodies {
  /** The tree. */
  readonly tree: KinematicTree;
  /** Clean joints, `[joints, coordinates, bodies]`. */
  readonly clean: tf.Tensor3D;
  /** The share by which a bone's length may change, from 0. */
  readonly change: number;
  /** How far a coordinate may be moved, `[bodies]`. */
  readonly reach: tf.Tensor1D;
}

/**
 * Moves of joints that keep the lengths of bones and stay in each joint's box, near to the wanted ones.
 *
 * First all bones pull at once at both their ends until they nearly fit (the Jacobi form of Mueller et al. 2007,
 * Position based dynamics, section 3.4), each joint clipped to its box. Then level by level from the root, each joint
 * swings from where its parent's move would carry it, which always fits, towards where it is wanted, as far as the box
 * lets it: child = parent + L * u / |u|, u = bone + share * (wanted move - parent's move).
 *
 * Joints whose wanted move is exactly 0 don't give way to their neighbours: what a mask holds stays held as long as
 * the way to it from the root is held too.
 * @param wanted `[joints, coordinates, bodies]`
 */
export function keptLengths(bodies: Bodies, wanted: tf.Tensor3D): tf.Tensor3D {
  const { tree, clean, change, reach } = bodies;
  const [, size, count] = clean.shape;
  const ends = incidence(tree);
  const bones = alongBones(ends, clean);
  const lengths = lengthsOf(bones);
  const limits: Limits = { shortest: tf.mul(lengths, 1 - change), longest: tf.mul(lengths, 1 + change) };
  const moves = tf.tidy(() => relaxed({ ends, bones, limits, reach }, wanted));

  const levels = [tf.slice3d(moves, [0, 0, 0], [1, size, count])];
  for (const { start, above } of tree.levels) {
    const part = (x: tf.Tensor3D, from: number) => tf.slice3d(x, [from, 0, 0], [above.length, -1, count]);
    const carried = tf.gather(levels.at(-1)!, tf.tensor1d([...above], 'int32'));
    const bone = {
      vector: part(bones, start - 1),
      shortest: part(limits.shortest, start - 1),
      longest: part(limits.longest, start - 1),
      least: tf.mul<tf.Tensor3D>(part(lengths, start - 1), SHORTEST),
    };
    levels.push(tf.tidy(() => swung(bone, carried, tf.sub(part(moves, start), carried), reach)));
  }
  return tf.concat(levels, 0);
}

/** Lengths that bones may have. */
interface Limits<T extends tf.Tensor = tf.Tensor3D> {
  shortest: T;
  longest: T;
}

/** Moves under which all bones nearly fit: each bone that doesn't moves its free ends, half each if both are. */
function relaxed(
  body: { ends: tf.Tensor2D; bones: tf.Tensor3D; limits: Limits; reach: tf.Tensor1D },
  wanted: tf.Tensor3D,
): tf.Tensor3D {
  const { ends, bones, limits, reach } = body;
  const [joints, size, count] = wanted.shape;
  const touched = tf.abs(ends);
  const free = tf.cast(tf.any(tf.notEqual(wanted, 0), 1), 'float32') as tf.Tensor2D;
  const split: tf.Tensor3D = tf.expandDims(tf.div(1, tf.maximum(tf.matMul(touched, free), 1)), 1);
  // Joints of many bones are pulled from all sides at once; by the root of their number it still converges fast.
  const give = tf.expandDims<tf.Tensor3D>(
    tf.div(free, tf.sqrt(tf.reshape(tf.sum(touched, 0), [joints, 1]))),
    1,
  );
  let moves = clipped(wanted, reach);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const bent = tf.add<tf.Tensor3D>(bones, alongBones(ends, moves));
    const error = tf.mul(bent, tf.mul(tf.sub(fitOf(lengthsOf(bent), limits), 1), split));
    const pulled = tf.matMul(ends, tf.reshape<tf.Rank.R2>(error, [joints - 1, size * count]), true);
    moves = clipped(tf.add(moves, tf.mul(tf.reshape(pulled, wanted.shape), give)), reach);
  }
  return moves;
}

/** The move of a joint that goes the furthest along `way` from the one that its parent carries it to. */
function swung(
  bone: Limits & { vector: tf.Tensor3D; least: tf.Tensor3D },
  carried: tf.Tensor3D,
  way: tf.Tensor3D,
  reach: tf.Tensor1D,
): tf.Tensor3D {
  const swing = (share: tf.Tensor) => {
    const bent = tf.add(bone.vector, tf.mul(way, share));
    const length = tf.sqrt(tf.sum(tf.square(bent), -2, true));
    const move = tf.add(carried, tf.sub(tf.mul(bent, fitOf(length, bone)), bone.vector));
    return { length, move };
  };
  const limit = tf.mul(reach, SLACK);
  const shares = tf.reshape(tf.linspace(1 / SHARES, 1, SHARES), [SHARES, 1, 1, 1]);
  let share: tf.Tensor = tf.zerosLike(bone.least);
  for (let width = 1; width >= 1 / SHARES; width /= SHARES) {
    const tried = tf.minimum(tf.add(share, tf.mul(shares, width)), 1);
    const { length, move } = swing(tried);
    const inside = tf.lessEqual(tf.max(tf.abs(move), 2, true), limit);
    const fits = tf.logicalAnd(inside, tf.greater(length, bone.least));
    share = tf.max(tf.where(fits, tried, share), 0);
  }
  return swing(share).move as tf.Tensor3D;
}

/** What a length has to be multiplied with to be neither too short nor too long. */
function fitOf<T extends tf.Tensor>(length: T, { shortest, longest }: Limits<tf.Tensor>): T {
  return tf.div(tf.maximum(tf.minimum(length, longest), shortest), tf.maximum(length, TINY));
}

function clipped(moves: tf.Tensor3D, reach: tf.Tensor1D): tf.Tensor3D {
  return tf.maximum(tf.minimum(moves, reach), tf.neg(reach));
}
