import * as tf from '@tensorflow/tfjs-core';
import { budgetChecks } from '../../options.js';
import { checkSkeletonAxes, type SkeletonAxes } from '../../skeleton/skeletonAxes.js';
import type { Constraint } from '../constraint.js';
import { constrainLengths } from './constrainLengths.js';
import { BONE_KEYS, type BoneOptions, incidence, kinematicTree } from './kinematicTree.js';
import { largestOf, roundingOf } from './rows.js';
import { alongBones, bodiesOf, lengthsOf } from './skeletons.js';

/** Options of {@link boundedBoneLengths}. */
export interface BoundedBoneLengthsOptions extends BoneOptions {
  /** The fraction of its clean length by which a bone may grow or shrink in each frame, from 0 to below 1. */
  change: number;
  /** Where joints and coordinates are. Default: the last two axes. */
  axes?: Omit<SkeletonAxes, 'frames'>;
}

/**
 * Bone lengths that change by at most a fraction of the clean length L: (1 - change) L <= L' <= (1 + change) L for each bone
 * in each frame. Tanaka, Kera and Kawamoto (AAAI 2022) bound the change of bone lengths in this way; their attack, which
 * changes nothing but the lengths, is {@link onlyBoneLengths}.
 *
 * Everything else is as in {@link boneLengths}, which is the same constraint with a change of 0: how joints are placed,
 * how exactly the constraint holds, masks, absent bodies, cost.
 * @throws {ThreatModelError} when the edges are not a tree, `change` is outside its values or an option is unknown; in
 *   `perturb`, when the input has another number of joints
 * @example
 * ```ts
 * import { boundedBoneLengths, pgd } from '@amr/attacks';
 * const edges: [number, number][] = [[0, 1], [1, 2], [1, 3]];
 * const attack = pgd({
 *   skeleton: { norm: 'linf', epsilon: 0.02, constraints: [boundedBoneLengths({ edges, change: 0.05 })] },
 * });
 * console.log(attack.name);
 * ```
 */
export function boundedBoneLengths(options: BoundedBoneLengthsOptions): Constraint {
  const { change } = options;
  const keys = [...BONE_KEYS, 'change', 'axes'] satisfies (keyof BoundedBoneLengthsOptions)[];
  budgetChecks.rejectUnknownOptions('boundedBoneLengths', options, keys);
  budgetChecks.checkNumber(
    'boundedBoneLengths.change',
    change,
    (value) => value >= 0 && value < 1,
    'a fraction from 0 to below 1, such as 0.1',
  );
  return lengthConstraint('boundedBoneLengths', options);
}

/** The constraint under either of its names. */
export function lengthConstraint(
  name: string,
  { change: fraction, axes, ...bones }: BoundedBoneLengthsOptions,
): Constraint {
  const axesPath = `${name}.axes`;
  checkSkeletonAxes(axesPath, axes, ['joints', 'coordinates']);
  const tree = kinematicTree(bones, name);
  return {
    name,
    apply: (perturbed, clean) =>
      tf.tidy(() => {
        const { arrange, restore, present, spread } = bodiesOf(clean, tree, axes, axesPath);
        const start = arrange(clean);
        const change = tf.sub(perturbed, clean);
        // No joint moves further than the largest wanted move, so an linf ball clips nothing afterwards.
        const reach = spread(largestOf(change));
        const moves = constrainLengths({ tree, clean: start, change: fraction, reach }, arrange(change));
        return tf.add(clean, restore(tf.mul(moves, present(start))));
      }),
    holds: (perturbed, clean) =>
      tf.tidy(() => {
        const { arrange, largestByRow } = bodiesOf(clean, tree, axes, axesPath);
        const ends = incidence(tree);
        const lengths = lengthsOf(alongBones(ends, arrange(clean)));
        const changes = tf.abs(tf.sub(lengthsOf(alongBones(ends, arrange(perturbed))), lengths));
        const excess = largestByRow(tf.sub(changes, tf.mul(lengths, fraction)));
        return tf.lessEqual(excess, roundingOf(perturbed, clean));
      }),
  };
}
