import * as tf from '@tensorflow/tfjs-core';
import { budgetChecks } from '../../options.js';
import { accelerations, type Motion, motionOf } from '../../skeleton/motion.js';
import { checkSkeletonAxes, type SkeletonAxes } from '../../skeleton/skeletonAxes.js';
import type { Constraint } from '../constraint.js';
import { largestOf, roundingOf } from './rows.js';
import { lengthsOf } from './skeletons.js';
import { smoothing } from './smoothing.js';

const { checkNotNegative, checkOption, rejectUnknownOptions } = budgetChecks;

/** Steps of the alternating direction method. */
const STEPS = 12;
/** Over-relaxation of its steps; 1.5 to 1.8 are usual (Boyd et al. 2011, section 3.4.3). */
const RELAXATION = 1.6;
/** Avoids 0 / 0. */
const TINY = 1e-30;

/** Options of {@link boundedAcceleration}; at least one of `bound` and `relative` is needed. */
export interface BoundedAccelerationOptions {
  /** How much a joint's acceleration may change, in the input's units per frame squared, 0 or more. Default 0. */
  bound?: number;
  /** What is added to `bound`: this fraction of the joint's clean acceleration in that frame. Default 0. */
  relative?: number;
  /** Where frames, joints and coordinates are. Default: the last three axes. */
  axes?: SkeletonAxes;
}

/**
 * Bounds how much the accelerations of joints change: with d the perturbation of a joint,
 * |d(t+1) - 2 d(t) + d(t-1)| <= bound + relative * |x(t+1) - 2 x(t) + x(t-1)| in Euclidean length, for each joint and frame.
 * So a perturbation can't jitter, and a slow drift costs nothing. SMART (Wang et al., CVPR 2021, the dynamics term of
 * its perceptual loss, order 2) lowers the mean square of the same difference, as {@link withMotionTerm} does. Here it is a
 * bound, which holds to two millionths (2^-19) of the sample's largest coordinate.
 *
 * `apply` computes, joint by joint, nearly the nearest perturbation that satisfies the bound: 12 steps of the alternating
 * direction method of multipliers, then a scaling that removes the remaining excess, and that keeps each joint from moving
 * further than the largest wanted move. Perturbations within the bound stay as they are. The bound applies to three
 * consecutive frames in which the body is present, so not across a gap; absent bodies, all zero, stay so.
 *
 * In a ball of 0.02 m over 64 frames, PGD along gradients that are smooth over some 3 frames retains, to first order, 0.93
 * of its gain without the constraint at a bound of 0.01 m, 0.83 at 0.002 m and 0.61 at 0.0005 m; with mere scaling of joints
 * 0.17, 0.03 and 0.01. One call of `apply` costs 12 products of a frames x frames matrix with the input; a step calls it
 * eight times.
 * @throws {ThreatModelError} when neither bound is given, one is below 0 or an option is unknown; in `perturb`, when the
 *   input has no such axes
 * @example
 * ```ts
 * import { boundedAcceleration, onlyPresent, pgd } from '@amr/attacks';
 * const attack = pgd({
 *   skeleton: {
 *     norm: 'linf',
 *     epsilon: 0.02,
 *     mask: onlyPresent(),
 *     constraints: [boundedAcceleration({ bound: 0.002 })],
 *   },
 * });
 * console.log(attack.name);
 * ```
 */
export function boundedAcceleration(options: BoundedAccelerationOptions): Constraint {
  const { bound = 0, relative = 0, axes } = options;
  const keys = ['bound', 'relative', 'axes'] satisfies (keyof BoundedAccelerationOptions)[];
  rejectUnknownOptions('boundedAcceleration', options, keys);
  checkSkeletonAxes('boundedAcceleration.axes', axes);
  const given = options.bound !== undefined || options.relative !== undefined;
  checkOption('boundedAcceleration', options, given, 'an option bound, relative or both');
  checkNotNegative('boundedAcceleration.bound', bound);
  checkNotNegative('boundedAcceleration.relative', relative);

  /** How much each joint's acceleration may change, `[frames - 2, 1, joints of all bodies]`. */
  const allowed = ({ arrange }: Motion, clean: tf.Tensor): tf.Tensor3D =>
    tf.add(tf.mul(lengthsOf(accelerations(arrange(clean))), relative), bound);
  return {
    name: 'boundedAcceleration',
    apply: (perturbed, clean) =>
      tf.tidy(() => {
        const motion = motionOf(clean, axes, 'boundedAcceleration.axes');
        const { arrange, restore, spread, present, steady } = motion;
        const change = tf.sub(perturbed, clean);
        const wanted = tf.mul<tf.Tensor3D>(arrange(change), present);
        if (!steady) return tf.add(clean, restore(wanted));
        // Half of the tolerance of `holds`, so that a bound of 0 still allows a drift.
        const slack = spread(tf.mul(roundingOf(perturbed, clean), 0.5));
        const limit = tf.add<tf.Tensor3D>(allowed(motion, clean), slack);
        const excessOf = (moves: tf.Tensor3D) =>
          tf.max(tf.mul(tf.div(lengthsOf(accelerations(moves)), tf.maximum(limit, TINY)), steady), 0, true);
        const smoothed = tf.mul<tf.Tensor3D>(smooth(wanted, limit, steady), present);
        const reach = tf.maximum(spread(largestOf(change)), TINY);
        const over = tf.div(tf.max(tf.abs(smoothed), [0, 1], true), reach);
        const scaled = tf.div(smoothed, tf.maximum(tf.maximum(excessOf(smoothed), over), 1));
        return tf.add(clean, restore(tf.where(tf.lessEqual(excessOf(wanted), 1), wanted, scaled)));
      }),
    holds: (perturbed, clean) =>
      tf.tidy(() => {
        const motion = motionOf(clean, axes, 'boundedAcceleration.axes');
        if (!motion.steady) return tf.onesLike(largestOf(clean));
        const changes = lengthsOf(accelerations(motion.arrange(tf.sub(perturbed, clean))));
        const excess = tf.mul(tf.sub(changes, allowed(motion, clean)), motion.steady);
        return tf.lessEqual(motion.largestByRow(excess), roundingOf(perturbed, clean));
      }),
  };
}

/**
 * Nearly the nearest trajectories to the wanted ones whose accelerations are within their limits: minimises
 * |x - wanted|^2 + indicator(|D x| <= limit) by the alternating direction method (Boyd et al. 2011, section 3.1). x is
 * eliminated: only the accelerations are iterated.
 */
function smooth(wanted: tf.Tensor3D, limit: tf.Tensor3D, steady: tf.Tensor3D): tf.Tensor3D {
  const [frames, size, count] = wanted.shape;
  const { filter, back, forth } = smoothing(frames);
  const times = (matrix: tf.Tensor2D, x: tf.Tensor3D) =>
    tf.reshape<tf.Rank.R3>(tf.matMul(matrix, tf.reshape(x, [-1, size * count])), [-1, size, count]);
  const within = (x: tf.Tensor3D) => {
    const shrink = tf.minimum(tf.div(limit, tf.maximum(lengthsOf(x), TINY)), 1);
    return tf.mul<tf.Tensor3D>(x, tf.where(tf.greater(steady, 0), shrink, tf.onesLike(shrink)));
  };
  const base = times(filter, wanted);
  const baseAccelerations = accelerations(base);
  let target = within(accelerations(wanted));
  let dual: tf.Tensor3D = tf.zerosLike(target);
  for (let step = 0; step < STEPS; step++) {
    [target, dual] = tf.tidy(() => {
      const reached = tf.add(baseAccelerations, times(forth, tf.sub(target, dual)));
      const mixed = tf.add(
        tf.add(tf.mul(reached, RELAXATION), tf.mul(target, 1 - RELAXATION)),
        dual,
      ) as tf.Tensor3D;
      const next = within(mixed);
      return [next, tf.sub(mixed, next)] as [tf.Tensor3D, tf.Tensor3D];
    });
  }
  return tf.add(base, times(back, tf.sub(target, dual)));
}
