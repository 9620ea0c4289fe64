import { budgetChecks } from '../../options.js';
import { axisOf } from '../../skeleton/skeletonAxes.js';
import { along } from './along.js';
import type { Mask } from './maskOn.js';

/** Options of {@link onlyJoints} and {@link onlyFrames}. */
export interface MaskAxisOptions {
  /** The axis of joints or frames; negative numbers count from the last. */
  axis?: number;
}

/**
 * A mask that lets an attack write only some joints, in all frames.
 * @param joints numbers of joints, from 0
 * @param options the axis of joints. Default -2, as in `[batch, persons, frames, joints, coordinates]`
 * @returns a function for a budget's `mask`; it throws {@link ThreatModelError} when the input has no such joint or axis
 * @throws {ThreatModelError} when an option is unknown
 * @example
 * ```ts
 * import { onlyJoints, pgd } from '@amr/attacks';
 * const attack = pgd({ skeleton: { norm: 'linf', epsilon: 0.02, mask: onlyJoints([4, 5, 6, 7]) } }); // an arm
 * console.log(attack.name);
 * ```
 */
export function onlyJoints(joints: readonly number[], options: MaskAxisOptions = {}): Mask {
  const { axis = -2 } = options;
  budgetChecks.rejectUnknownOptions('onlyJoints', options, MASK_AXIS_KEYS);
  return (x) => along(x, axisOf(x, axis, 'onlyJoints.axis'), joints, 'onlyJoints.joints');
}

/** The options that there are. */
export const MASK_AXIS_KEYS = ['axis'] as const satisfies (keyof MaskAxisOptions)[];
