import * as tf from '@tensorflow/tfjs-core';
import { presentBodies } from '../../skeleton/presentBodies.js';
import { checkSkeletonAxes, type SkeletonAxes } from '../../skeleton/skeletonAxes.js';
import type { Mask } from './maskOn.js';

/**
 * A mask that lets an attack write only the bodies that are present. A body whose joints are all exactly zero in a frame
 * is absent or padding, and stays so. Without this mask an attack can add a second person.
 * @param axes where frames, joints and coordinates are. Default: the last three axes, as in
 *   `[batch, persons, frames, joints, coordinates]`
 * @returns a function for a budget's `mask`; it throws {@link ThreatModelError} when the input has no such axes
 * @throws {ThreatModelError} when a key of the axes is unknown
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { onlyPresent } from '@amr/attacks';
 * const frames = tf.tensor([1, 2, 3, 4, 0, 0, 0, 0], [1, 1, 2, 2, 2]); // the second of two frames is padding
 * console.log(await onlyPresent()(frames).data()); // 1, 0
 * ```
 */
export function onlyPresent(axes: SkeletonAxes = {}): Mask {
  checkSkeletonAxes('onlyPresent', axes);
  return (x) => tf.tidy(() => presentBodies(x, axes, 'onlyPresent'));
}
