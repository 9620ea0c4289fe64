import * as tf from '@tensorflow/tfjs-core';
import { budgetChecks } from '../../options.js';
import { checkSkeletonAxes, type SkeletonAxes, skeletonAxesOf } from '../../skeleton/skeletonAxes.js';
import type { Constraint } from '../constraint.js';
import {
  BONE_KEYS,
  type BoneOptions,
  incidence,
  type KinematicTree,
  kinematicTree,
  pathsFromRoot,
} from './kinematicTree.js';
import { roundingOf } from './rows.js';
import { alongBones, bodiesOf } from './skeletons.js';

/** Steps of the conjugate gradient method; for the 24 bones of Kinect v2 they give the result to 1e-3. */
const STEPS = 12;

/** Options of {@link onlyBoneLengths}. */
export interface OnlyBoneLengthsOptions extends BoneOptions {
  /** The fraction by which a bone may grow or shrink, above 0 and up to 1. Default 1: only the ball bounds it, and no bone reverses. */
  change?: number;
  /** Where frames, joints and coordinates are. Default: the last three axes. */
  axes?: SkeletonAxes;
}

/**
 * Only the lengths of bones change, each by one factor in all frames: the adversarial bone length attack of Tanaka, Kera
 * and Kawamoto (AAAI 2022), which has as many degrees of freedom as a person has bones, 24 for the 25 joints of NTU RGB+D.
 * x_child - x_parent becomes (1 + a) (x_child - x_parent) with -change <= a <= change for each bone of each person;
 * directions and the root stay the same.
 *
 * `apply` computes the a of least squared distance to the perturbed joints by the conjugate gradient method (12 steps), and
 * clips them; so a step of PGD is, to first order, one along the gradient with respect to the a. The paper steps in the a
 * themselves. Joints far from the root move by the sum of the changes on their path: if `change` is to bound the attack,
 * give the ball a large enough epsilon, such as 0.3 m. A smaller ball or range reduces all changes of the sample by one
 * factor; a mask other than {@link onlyPresent} allows no perturbation at all.
 *
 * The constraint holds to two millionths (2^-19) of the sample's largest coordinate. Absent bodies, all zero, stay so.
 * @throws {ThreatModelError} when the edges are not a tree, `change` is outside its values or an option is unknown; in
 *   `perturb`, when the input has another number of joints
 * @example
 * ```ts
 * import { onlyBoneLengths, onlyPresent, pgd } from '@amr/attacks';
 * const edges: [number, number][] = [[0, 1], [1, 2], [1, 3]];
 * const attack = pgd({
 *   skeleton: {
 *     norm: 'l2',
 *     epsilon: 3,
 *     mask: onlyPresent(),
 *     constraints: [onlyBoneLengths({ edges, change: 0.1 })],
 *   },
 * });
 * console.log(attack.name);
 * ```
 */
export function onlyBoneLengths(options: OnlyBoneLengthsOptions): Constraint {
  const { change = 1, axes, ...bones } = options;
  const keys = [...BONE_KEYS, 'change', 'axes'] satisfies (keyof OnlyBoneLengthsOptions)[];
  budgetChecks.rejectUnknownOptions('onlyBoneLengths', options, keys);
  checkSkeletonAxes('onlyBoneLengths.axes', axes);
  budgetChecks.checkNumber(
    'onlyBoneLengths.change',
    change,
    (value) => value > 0 && value <= 1,
    'a fraction above 0 and up to 1, such as 0.1',
  );
  const tree = kinematicTree(bones, 'onlyBoneLengths');
  const persons = (like: tf.Tensor) => {
    const { frames, ...others } = skeletonAxesOf(like, axes, 'onlyBoneLengths.axes');
    return bodiesOf(like, tree, others, 'onlyBoneLengths.axes', [frames]);
  };
  return {
    name: 'onlyBoneLengths',
    apply: (perturbed, clean) =>
      tf.tidy(() => {
        const { arrange, restore } = persons(clean);
        const lengthen = lengthening(tree, alongBones(incidence(tree), arrange(clean)));
        const factors = lengthen.nearest(arrange(tf.sub(perturbed, clean)));
        return tf.add(clean, restore(lengthen.moves(tf.clipByValue(factors, -change, change))));
      }),
    holds: (perturbed, clean) =>
      tf.tidy(() => {
        const { arrange, largestByRow } = persons(clean);
        const ends = incidence(tree);
        const vectors = alongBones(ends, arrange(clean));
        const moves = arrange(tf.sub(perturbed, clean));
        const changes = alongBones(ends, moves);
        const factors = tf.divNoNan(
          tf.sum(tf.mul(changes, vectors), 1, true),
          tf.sum(tf.square(vectors), 1, true),
        );
        const excess = tf.mul(tf.sub(tf.abs(factors), change), tf.max(tf.abs(vectors), 1, true));
        const errors = [
          tf.abs(tf.sub(changes, tf.mul(vectors, factors))),
          tf.abs(tf.slice(moves, [0, 0, 0], [1, -1, -1])),
          excess,
        ];
        const largest = errors.map((error) => largestByRow(error)).reduce((a, b) => tf.maximum(a, b));
        return tf.lessEqual(largest, roundingOf(perturbed, clean));
      }),
  };
}

/** Moves of joints, `[joints, coordinates * frames, persons]`, that lengthen bones by factors, `[bones, 1, persons]`. */
function lengthening(tree: KinematicTree, vectors: tf.Tensor3D) {
  const paths = pathsFromRoot(tree);
  const [bones, size, persons] = vectors.shape;
  const moves = (factors: tf.Tensor): tf.Tensor3D => {
    const changes = tf.reshape<tf.Rank.R2>(tf.mul(vectors, factors), [bones, size * persons]);
    return tf.reshape(tf.matMul(paths, changes), [bones + 1, size, persons]);
  };
  /** The transpose of `moves`: the inner product of the given moves with the move of each factor. */
  const along = (given: tf.Tensor3D): tf.Tensor => {
    const beneath = tf.matMul(paths, tf.reshape<tf.Rank.R2>(given, [bones + 1, size * persons]), true);
    return tf.sum(tf.mul(vectors, tf.reshape(beneath, vectors.shape)), 1, true);
  };
  /** The factors a of least |moves(a) - wanted|^2, by conjugate gradients with the diagonal as preconditioner. */
  const nearest = (wanted: tf.Tensor3D): tf.Tensor => {
    const joints = tf.reshape(tf.sum(paths, 0), [bones, 1, 1]);
    const diagonal = tf.mul(tf.sum(tf.square(vectors), 1, true), joints);
    const dot = (a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.mul(a, b), 0, true);
    let residual = along(wanted);
    let factors = tf.zerosLike(residual);
    let scaled = tf.divNoNan(residual, diagonal);
    let direction = scaled;
    let size = dot(residual, scaled);
    for (let step = 0; step < STEPS; step++) {
      const image = along(moves(direction));
      const length = tf.divNoNan(size, dot(direction, image));
      factors = tf.add(factors, tf.mul(direction, length));
      residual = tf.sub(residual, tf.mul(image, length));
      scaled = tf.divNoNan(residual, diagonal);
      const next = dot(residual, scaled);
      direction = tf.add(scaled, tf.mul(direction, tf.divNoNan(next, size)));
      size = next;
    }
    return factors;
  };
  return { moves, nearest };
}
