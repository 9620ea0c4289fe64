import * as tf from '@tensorflow/tfjs-core';
import { l1 } from '../../threatModel/norms/l1.js';
import { l2 } from '../../threatModel/norms/l2.js';
import { linf } from '../../threatModel/norms/linf.js';
import type { Norm } from '../../threatModel/norms/norm.js';

/**
 * The maximum of a linear function within a ball of any radius and a fixed box: the largest h . s over all s of
 * length `radius` at most with 0 <= s <= slack, entry by entry. All of `[rows, 1]`; radii must not shrink from call to call.
 */
export interface LinearMaximum {
  /**
   * The maximum, or a little more, and its slope in the radius. As functions of the radius they are concave, and
   * never below the truth, so that Newton's method on them stays on the near side of the root.
   */
  at(radius: tf.Tensor2D): { value: tf.Tensor2D; slope: tf.Tensor2D };
  /** The point of the maximum, `[rows, size]`. */
  point(radius: tf.Tensor2D): tf.Tensor2D;
}

/**
 * Maximises a linear function over the balls of a norm.
 * @param norm how the balls are measured
 * @param weights h, `[rows, size]`, 0 or more
 * @param slack of the same shape, 0 or more, may be infinite; 0 where `weights` is 0
 */
export function maximiseLinear(norm: Norm, weights: tf.Tensor2D, slack: tf.Tensor2D): LinearMaximum {
  const found = new Map([
    [linf, maximiseLinf],
    [l2, maximiseL2],
    [l1, maximiseL1],
  ]).get(norm);
  return found!(weights, slack);
}

/** s = min(slack, radius). */
function maximiseLinf(weights: tf.Tensor2D, slack: tf.Tensor2D): LinearMaximum {
  const ones = tf.onesLike(slack);
  const reachOf = (radius: tf.Tensor2D): tf.Tensor2D => tf.mul(ones, radius);
  return {
    at(radius) {
      const reach = reachOf(radius);
      return {
        value: total(tf.mul(weights, tf.minimum(slack, reach))),
        slope: total(tf.mul(weights, tf.step(tf.sub(slack, reach)))),
      };
    },
    point: (radius) => tf.minimum(slack, reachOf(radius)),
  };
}

/**
 * s = min(slack, k h) with k such that the length is the radius. Given the entries that are full at a k that is too small,
 * the next k = sqrt((radius^2 - |slack|^2 over the full) / (|h|^2 over the others)) is larger and still not too large.
 */
function maximiseL2(weights: tf.Tensor2D, slack: tf.Tensor2D): LinearMaximum {
  const squares = tf.square(weights);
  const gains = tf.mul(weights, slack);
  let k: tf.Tensor2D = tf.zeros([weights.shape[0], 1]);
  const advance = (radius: tf.Tensor2D) => {
    const full = tf.greaterEqual(tf.mul(weights, k), slack);
    const rest = total(where0(tf.logicalNot(full), squares));
    const left = tf.relu(tf.sub(tf.square(radius), total(where0(full, tf.square(slack)))));
    const next = tf.sqrt(tf.divNoNan(left, rest));
    k = tf.where(tf.greater(rest, 0), tf.maximum<tf.Tensor2D>(next, k), k);
    return { full, rest };
  };
  return {
    at(radius) {
      const { full, rest } = advance(radius);
      const slope = where0(tf.greater(rest, 0), tf.divNoNan(radius, k));
      return { value: tf.add(total(where0(full, gains)), tf.mul(k, rest)), slope };
    },
    point(radius) {
      advance(radius);
      return tf.minimum(slack, tf.mul(k, weights));
    },
  };
}

/** The entries with the largest weights are full, in order, until the radius is used up; equal ones share. */
function maximiseL1(weights: tf.Tensor2D, slack: tf.Tensor2D): LinearMaximum {
  const [rows, size] = weights.shape;
  const { values: falling, indices } = tf.topk(weights, size);
  // tf.gather with batch dimensions mixes up the rows on the wasm backend of 4.22.
  const places = tf.add(indices, tf.reshape(tf.range(0, rows * size, size, 'int32'), [rows, 1]));
  const slacks = tf.reshape<tf.Rank.R2>(tf.gather(tf.reshape(slack, [-1]), tf.reshape(places, [-1])), [
    rows,
    size,
  ]);
  const used = tf.cumsum<tf.Tensor2D>(slacks, 1);
  const gains = tf.mul(falling, slacks);
  const fullAt = (radius: tf.Tensor2D) => tf.lessEqual(used, across(radius, used));
  const marginal = (full: tf.Tensor): tf.Tensor2D => tf.max(where0(tf.logicalNot(full), falling), 1, true);
  return {
    at(radius) {
      const full = fullAt(radius);
      const slope = marginal(full);
      const left = tf.sub(radius, total(where0(full, slacks)));
      return { value: tf.add(total(where0(full, gains)), tf.mul(left, slope)), slope };
    },
    point(radius) {
      const threshold = across(marginal(fullAt(radius)), weights);
      const full = where0(tf.greater(weights, threshold), slack);
      const left = tf.relu(tf.sub<tf.Tensor2D>(radius, total(full)));
      const last = where0(tf.equal(weights, threshold), tf.minimum(slack, across(left, slack)));
      return tf.add(full, tf.mul(last, tf.minimum(1, tf.divNoNan(left, total(last)))));
    },
  };
}

/** A column, repeated: on wasm, comparisons that broadcast are ten times slower than others, products are not. */
function across(column: tf.Tensor2D, like: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(tf.onesLike(like), column);
}

/** The values where a condition holds, else 0, also in place of NaN. */
export function where0(condition: tf.Tensor, values: tf.Tensor): tf.Tensor2D {
  return tf.where(condition, values, tf.zerosLike(values)) as tf.Tensor2D;
}

function total(values: tf.Tensor): tf.Tensor2D {
  return tf.sum(values, 1, true);
}
