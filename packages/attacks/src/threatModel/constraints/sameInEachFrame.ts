import * as tf from '@tensorflow/tfjs-core';
import { budgetChecks } from '../../options.js';
import { axisOf } from '../../skeleton/skeletonAxes.js';
import { boundOn, checkBoundShape } from '../bound.js';
import { checkRange } from '../checkThreatModel.js';
import type { Constraint } from '../constraint.js';
import { type Mask, maskOn } from '../masks/maskOn.js';
import type { Bound } from '../threatModel.js';
import { largestOf, roundingOf } from './rows.js';

/** Options of {@link sameInEachFrame}. */
export interface SameInEachFrameOptions {
  /**
   * The axis of frames; negative numbers count from the last. Default 1, as in clips
   * `[batch, frames, height, width, channels]`; in skeletons it is -3.
   */
  axis?: number;
  /** The budget's mask, if it has one: the mean is taken over the frames where the mask is 1. Default: all frames. */
  mask?: Mask;
  /**
   * The budget's range, if it has one. The perturbation of an entry is then limited to what stays in the range in every
   * frame; without it, a single pixel at the end of the range could cost the whole perturbation. Default: none.
   */
  range?: readonly [Bound, Bound];
}

/**
 * The same perturbation in each frame, such as a sticker in front of the lens: x + d with one d for all frames. `apply`
 * takes the nearest d to the step, its mean over the frames, which is in every ball that the step is in. The constraint
 * holds to two millionths (2^-19) of the sample's largest entry, which is rounding.
 *
 * If the budget has a mask, give it to the constraint too: masked frames then stay as they are and the others share one d.
 * Otherwise no perturbation satisfies both. In linf, d is per step the mean of the signs of the frames' gradients, not the
 * sign of their mean.
 * @throws {ThreatModelError} when the range is not valid or an option is unknown; in `perturb`, when the input has no such
 *   axis or the mask doesn't broadcast to it
 * @example
 * ```ts
 * import { pgd, sameInEachFrame } from '@amr/attacks';
 * const range: [number, number] = [0, 1];
 * const attack = pgd({
 *   rgb: { norm: 'linf', epsilon: 8 / 255, range, constraints: [sameInEachFrame({ range })] },
 * });
 * console.log(attack.name);
 * ```
 */
export function sameInEachFrame(options: SameInEachFrameOptions = {}): Constraint {
  const { axis = 1, mask, range } = options;
  const keys = ['axis', 'mask', 'range'] satisfies (keyof SameInEachFrameOptions)[];
  budgetChecks.rejectUnknownOptions('sameInEachFrame', options, keys);
  const isMask = mask === undefined || typeof mask === 'function';
  budgetChecks.checkOption('sameInEachFrame.mask', mask, isMask, 'a function that makes a mask of the input');
  if (range !== undefined) checkRange('sameInEachFrame.range', range);
  /** The free entries, and the mean over the frames of those. */
  const meanOver = (clean: tf.Tensor) => {
    const frames = axisOf(clean, axis, 'sameInEachFrame.axis');
    const free = mask ? maskOn(mask, clean, 'sameInEachFrame.mask') : tf.onesLike(clean);
    const count = tf.maximum(tf.sum(free, frames, true), 1);
    return { frames, free, mean: (x: tf.Tensor) => tf.div(tf.sum(tf.mul(x, free), frames, true), count) };
  };
  return {
    name: 'sameInEachFrame',
    apply: (perturbed, clean) =>
      tf.tidy(() => {
        const { frames, free, mean } = meanOver(clean);
        let change = mean(tf.sub(perturbed, clean));
        if (range) {
          for (const [i, end] of range.entries()) checkBoundShape(`sameInEachFrame.range[${i}]`, end, clean);
          const bounded = tf.cast(free, 'bool');
          const slack = (end: Bound, unlimited: number) =>
            tf.where(bounded, tf.sub(boundOn(end, clean), clean), tf.fill(clean.shape, unlimited));
          change = tf.minimum(change, tf.min(slack(range[1], Infinity), frames, true));
          change = tf.maximum(change, tf.max(slack(range[0], -Infinity), frames, true));
        }
        return tf.add(clean, tf.mul(change, free));
      }),
    holds: (perturbed, clean) =>
      tf.tidy(() => {
        const { free, mean } = meanOver(clean);
        const change = tf.sub(perturbed, clean);
        const errors = tf.sub(change, tf.mul(mean(change), free));
        return tf.lessEqual(largestOf(errors), roundingOf(perturbed, clean));
      }),
  };
}
