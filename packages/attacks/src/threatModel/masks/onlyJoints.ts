import { axisOf } from '../../skeleton/skeletonAxes.js';
import { along } from './along.js';
import type { Mask } from './maskOn.js';

/** Where the axis is that {@link onlyJoints} or {@link onlyFrames} choose from. */
export interface MaskAxisOptions {
  /** The axis; negative numbers count from the last. */
  axis?: number;
}

/**
 * A mask that lets an attack write some joints only, in all frames.
 * @param joints numbers of joints, from 0
 * @param options the axis of joints. Default -2, as in `[batch, persons, frames, joints, coordinates]`
 * @returns a function for a budget's `mask`; it throws {@link ThreatModelError} when the input has no such joint or axis
 * @example
 * ```ts
 * import { onlyJoints, pgd } from '@amr/attacks';
 * const attack = pgd({ skeleton: { norm: 'linf', epsilon: 0.02, mask: onlyJoints([4, 5, 6, 7]) } }); // an arm
 * console.log(attack.name);
 * ```
 */
export function onlyJoints(joints: readonly number[], { axis = -2 }: MaskAxisOptions = {}): Mask {
  return (x) => along(x, axisOf(x, axis, 'joints'), joints, 'joint');
}
