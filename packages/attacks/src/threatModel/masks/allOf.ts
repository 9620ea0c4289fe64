import * as tf from '@tensorflow/tfjs-core';
import { type Mask, maskOn } from './maskOn.js';

/**
 * A mask of what all of some masks leave free.
 * @param masks one or more
 * @returns a function for a budget's `mask`
 * @throws {ThreatModelError} in `perturb`, when one of them doesn't fit
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
        .map((mask, i) => maskOn(mask, x, `Mask ${i} of allOf`))
        .reduce((all, mask) => tf.mul(all, mask), tf.onesLike(x)),
    );
}
