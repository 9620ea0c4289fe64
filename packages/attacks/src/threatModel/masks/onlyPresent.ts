import * as tf from '@tensorflow/tfjs-core';
import { type SkeletonAxes, skeletonAxesOf } from '../../skeleton/skeletonAxes.js';
import type { Mask } from './maskOn.js';

/**
 * A mask that lets an attack write only bodies that are there: a body whose joints are all exactly zero in a frame is
 * absent or padding, and stays so. Without it an attack can conjure up a second person.
 * @param axes where frames, joints and coordinates are. Default: the last three axes, as in
 *   `[batch, persons, frames, joints, coordinates]`
 * @returns a function for a budget's `mask`; it throws {@link ThreatModelError} when the input has no such axes
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { onlyPresent } from '@amr/attacks';
 * const frames = tf.tensor([1, 2, 3, 4, 0, 0, 0, 0], [1, 1, 2, 2, 2]); // the second of two frames is padding
 * console.log(await onlyPresent()(frames).data()); // 1, 0
 * ```
 */
export function onlyPresent(axes: SkeletonAxes = {}): Mask {
  return (x) =>
    tf.tidy(() => {
      const { joints, coordinates } = skeletonAxesOf(x, axes);
      return tf.cast(tf.any(tf.notEqual(x, 0), [joints, coordinates], true), 'float32');
    });
}
