import * as tf from '@tensorflow/tfjs-core';
import { l1 } from '../threatModel/norms/l1.js';
import { l2 } from '../threatModel/norms/l2.js';
import { linf } from '../threatModel/norms/linf.js';
import type { Norm } from '../threatModel/norms/norm.js';

/**
 * How far up one can get on a slope, within a ball that grows and a box that doesn't: the largest h . s over all s of
 * length `radius` at most with 0 <= s <= room, entry by entry. All of `[rows, 1]`; radii must not shrink from call to call.
 */
export interface Furthest {
  /**
   * The height reached, or a little more, and its slope in the radius. As functions of the radius they are concave, and
   * never below the truth, so that Newton's method on them stays on the near side of the root.
   */
  at(radius: tf.Tensor2D): { height: tf.Tensor2D; rate: tf.Tensor2D };
  /** The furthest point, `[rows, size]`. */
  point(radius: tf.Tensor2D): tf.Tensor2D;
}

/**
 * The furthest points of a norm's balls.
 * @param norm how the balls are measured
 * @param heights h, `[rows, size]`, 0 or more
 * @param room of the same shape, 0 or more, may be infinite; 0 where `heights` is 0
 */
export function furthest(norm: Norm, heights: tf.Tensor2D, room: tf.Tensor2D): Furthest {
  const found = new Map([
    [linf, furthestLinf],
    [l2, furthestL2],
    [l1, furthestL1],
  ]).get(norm);
  return found!(heights, room);
}

/** s = min(room, radius). */
function furthestLinf(heights: tf.Tensor2D, room: tf.Tensor2D): Furthest {
  const ones = tf.onesLike(room);
  const reachOf = (radius: tf.Tensor2D): tf.Tensor2D => tf.mul(ones, radius);
  return {
    at(radius) {
      const reach = reachOf(radius);
      return {
        height: total(tf.mul(heights, tf.minimum(room, reach))),
        rate: total(tf.mul(heights, tf.step(tf.sub(room, reach)))),
      };
    },
    point: (radius) => tf.minimum(room, reachOf(radius)),
  };
}

/**
 * s = min(room, k h) with k such that the length is the radius. Given the entries that are full at a k that is too small,
 * the next k = sqrt((radius^2 - |room|^2 over the full) / (|h|^2 over the others)) is larger and still not too large.
 */
function furthestL2(heights: tf.Tensor2D, room: tf.Tensor2D): Furthest {
  const squares = tf.square(heights);
  const gains = tf.mul(heights, room);
  let k: tf.Tensor2D = tf.zeros([heights.shape[0], 1]);
  const advance = (radius: tf.Tensor2D) => {
    const full = tf.greaterEqual(tf.mul(heights, k), room);
    const rest = total(only(tf.logicalNot(full), squares));
    const left = tf.relu(tf.sub(tf.square(radius), total(only(full, tf.square(room)))));
    const next = tf.sqrt(tf.divNoNan(left, rest));
    k = tf.where(tf.greater(rest, 0), tf.maximum<tf.Tensor2D>(next, k), k);
    return { full, rest };
  };
  return {
    at(radius) {
      const { full, rest } = advance(radius);
      const rate = only(tf.greater(rest, 0), tf.divNoNan(radius, k));
      return { height: tf.add(total(only(full, gains)), tf.mul(k, rest)), rate };
    },
    point(radius) {
      advance(radius);
      return tf.minimum(room, tf.mul(k, heights));
    },
  };
}

/** The entries with the largest heights are full, in order, until the radius is used up; equal ones share. */
function furthestL1(heights: tf.Tensor2D, room: tf.Tensor2D): Furthest {
  const [rows, size] = heights.shape;
  const { values: falling, indices } = tf.topk(heights, size);
  // tf.gather with batch dimensions mixes up the rows on the wasm backend of 4.22.
  const places = tf.add(indices, tf.reshape(tf.range(0, rows * size, size, 'int32'), [rows, 1]));
  const rooms = tf.reshape<tf.Rank.R2>(tf.gather(tf.reshape(room, [-1]), tf.reshape(places, [-1])), [
    rows,
    size,
  ]);
  const used = tf.cumsum<tf.Tensor2D>(rooms, 1);
  const gains = tf.mul(falling, rooms);
  const fullAt = (radius: tf.Tensor2D) => tf.lessEqual(used, across(radius, used));
  const marginal = (full: tf.Tensor): tf.Tensor2D => tf.max(only(tf.logicalNot(full), falling), 1, true);
  return {
    at(radius) {
      const full = fullAt(radius);
      const rate = marginal(full);
      const left = tf.sub(radius, total(only(full, rooms)));
      return { height: tf.add(total(only(full, gains)), tf.mul(left, rate)), rate };
    },
    point(radius) {
      const threshold = across(marginal(fullAt(radius)), heights);
      const full = only(tf.greater(heights, threshold), room);
      const left = tf.relu(tf.sub<tf.Tensor2D>(radius, total(full)));
      const last = only(tf.equal(heights, threshold), tf.minimum(room, across(left, room)));
      return tf.add(full, tf.mul(last, tf.minimum(1, tf.divNoNan(left, total(last)))));
    },
  };
}

/** A column, repeated: on wasm, comparisons that broadcast are ten times slower than others, products are not. */
function across(column: tf.Tensor2D, like: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(tf.onesLike(like), column);
}

/** The values where a condition holds, else 0, whatever they are there. */
export function only(condition: tf.Tensor, values: tf.Tensor): tf.Tensor2D {
  return tf.where(condition, values, tf.zerosLike(values)) as tf.Tensor2D;
}

function total(values: tf.Tensor): tf.Tensor2D {
  return tf.sum(values, 1, true);
}
