import * as tf from '@tensorflow/tfjs-core';
import { shown, ThreatModelError } from '../../errors.js';
import type { SkeletonAxes } from '../../skeleton/skeletonAxes.js';
import type { Constraint } from '../constraint.js';
import { keptLengths } from './keptLengths.js';
import { type BoneOptions, incidence, kinematicTree } from './kinematicTree.js';
import { largestOf, roundingOf } from './rows.js';
import { alongBones, lengthsOf, skeletons } from './skeletons.js';

/** Options of {@link boundedBoneLengths}. */
export interface BoundedBoneLengthsOptions extends BoneOptions {
  /** The share of its clean length by which a bone may grow or shrink in each frame, from 0 to below 1. */
  change: number;
  /** Where joints and coordinates are. Default: the last two axes. */
  axes?: Omit<SkeletonAxes, 'frames'>;
}

/**
 * Bone lengths that change by at most a share of what they are: (1 - change) L <= L' <= (1 + change) L for each bone in
 * each frame. Tanaka, Kera and Kawamoto (AAAI 2022) bound the change of bone lengths in this way; their attack, which
 * changes nothing but the lengths, is {@link onlyBoneLengths}.
 *
 * Everything else is as in {@link boneLengths}, which is the same rule with a change of 0: how joints are placed, how
 * exactly it holds, masks, absent bodies, cost.
 * @throws {ThreatModelError} when the edges are no tree or `change` is outside its values; in `perturb`, when the input
 *   has another number of joints
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
  if (!(change >= 0 && change < 1)) {
    throw new ThreatModelError(
      `change is ${shown(change)}; expected a share from 0 to below 1, such as 0.1.`,
    );
  }
  return lengthRule('boundedBoneLengths', options);
}

/** The rule under either of its names. */
export function lengthRule(
  name: string,
  { change: share, axes, ...bones }: BoundedBoneLengthsOptions,
): Constraint {
  const tree = kinematicTree(bones);
  return {
    name,
    apply: (perturbed, clean) =>
      tf.tidy(() => {
        const { arrange, restore, present, spread } = skeletons(clean, tree, axes);
        const start = arrange(clean);
        const change = tf.sub(perturbed, clean);
        // No joint goes further than the furthest was to go: so in an linf ball nothing is clipped afterwards.
        const reach = spread(largestOf(change));
        const moves = keptLengths({ tree, clean: start, change: share, reach }, arrange(change));
        return tf.add(clean, restore(tf.mul(moves, present(start))));
      }),
    holds: (perturbed, clean) =>
      tf.tidy(() => {
        const { arrange, largestByRow } = skeletons(clean, tree, axes);
        const ends = incidence(tree);
        const lengths = lengthsOf(alongBones(ends, arrange(clean)));
        const changes = tf.abs(tf.sub(lengthsOf(alongBones(ends, arrange(perturbed))), lengths));
        const excess = largestByRow(tf.sub(changes, tf.mul(lengths, share)));
        return tf.lessEqual(excess, roundingOf(perturbed, clean));
      }),
  };
}
