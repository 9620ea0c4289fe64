import * as tf from '@tensorflow/tfjs-core';
import { shown, ThreatModelError } from '../../errors.js';
import { axisOf } from '../../skeleton/skeletonAxes.js';
import type { Constraint } from '../constraint.js';
import { type Mask, maskOn } from '../masks/maskOn.js';
import { largestOf, roundingOf } from './rows.js';

/** Options of {@link sameInEachFrame}. */
export interface SameInEachFrameOptions {
  /**
   * The axis of frames; negative numbers count from the last. Default 1, as in clips
   * `[batch, frames, height, width, channels]`; in skeletons it is -3.
   */
  axis?: number;
  /** The budget's own mask, if it has one: the mean is taken over the frames that it leaves free. Default: all. */
  mask?: Mask;
  /**
   * The budget's own range, if it has one. What is added to an entry then is no more than all its frames have room for;
   * without it, a single pixel at the end of the range could cost the whole perturbation. Default: none.
   */
  range?: readonly [number, number];
}

/**
 * The same perturbation in each frame, such as a sticker in front of the lens: x + d with one d for all frames. The
 * nearest one to a step, its mean over the frames, is what `apply` takes, and so stays in every ball that the step was
 * in. It holds to two millionths (2^-19) of the sample's largest entry, which is rounding.
 *
 * Masked frames are left alone and the others share one d, if the rule is given the budget's mask; a mask that it isn't
 * given leaves nothing. In linf, d is the mean of the signs of the frames' gradients per step, not the sign of their mean.
 * @throws {ThreatModelError} when the range is none; in `perturb`, when the input has no such axis or the mask doesn't fit
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
export function sameInEachFrame({ axis = 1, mask, range }: SameInEachFrameOptions = {}): Constraint {
  if (range && !(range.length === 2 && range[0] < range[1])) {
    throw new ThreatModelError(
      `range is ${shown(range)}; expected [smallest, largest] with smallest below largest.`,
    );
  }
  /** Which entries count, and the mean of values over those of them that differ by their frame only. */
  const over = (clean: tf.Tensor) => {
    const frames = axisOf(clean, axis, 'frames');
    const free = mask ? maskOn(mask, clean, 'The mask of sameInEachFrame') : tf.onesLike(clean);
    const count = tf.maximum(tf.sum(free, frames, true), 1);
    return { frames, free, mean: (x: tf.Tensor) => tf.div(tf.sum(tf.mul(x, free), frames, true), count) };
  };
  return {
    name: 'sameInEachFrame',
    apply: (perturbed, clean) =>
      tf.tidy(() => {
        const { frames, free, mean } = over(clean);
        let change = mean(tf.sub(perturbed, clean));
        if (range) {
          const bounded = tf.cast(free, 'bool');
          const room = (end: number, none: number) =>
            tf.where(bounded, tf.sub(end, clean), tf.fill(clean.shape, none));
          change = tf.minimum(change, tf.min(room(range[1], Infinity), frames, true));
          change = tf.maximum(change, tf.max(room(range[0], -Infinity), frames, true));
        }
        return tf.add(clean, tf.mul(change, free));
      }),
    holds: (perturbed, clean) =>
      tf.tidy(() => {
        const { free, mean } = over(clean);
        const change = tf.sub(perturbed, clean);
        const errors = tf.sub(change, tf.mul(mean(change), free));
        return tf.lessEqual(largestOf(errors), roundingOf(perturbed, clean));
      }),
  };
}
