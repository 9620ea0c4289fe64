import * as tf from '@tensorflow/tfjs-core';
import { type Mask, maskOn } from './maskOn.js';

/**
 * The intersection of masks: 1 where all of them are 1.
 * @param masks one or more
 * @returns a function for a budget's `mask`
 * @throws {ThreatModelError} in `perturb`, when one of them doesn't broadcast to the input
 * @example
 * ```ts
 * import { allOf, onlyJoints, onlyPresent, pgd } from '@amr/attacks';
 * const mask = allOf(onlyPresent(), onlyJoints([4, 5, 6, 7]));
 * const attack = pgd({ skeleton: { norm: 'linf', epsilon: 0.02, mask } });
 * console.log(attack.name);
 * ```
 */
export function allOf(...masks: Mask[]): Mask {
  return (x) =>
    tf.tidy(() =>
      masks
        .map((mask, i) => maskOn(mask, x, `allOf.masks[${i}]`))
        .reduce((all, mask) => tf.mul(all, mask), tf.onesLike(x)),
    );
}
