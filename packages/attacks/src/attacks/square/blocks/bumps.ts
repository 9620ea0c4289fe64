import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../tensors/random.js';
import { MIN_LENGTH } from '../../../threatModel/norms/norm.js';
import { type Grid, overPlaces } from './grid.js';

/**
 * The form of an update in l2, eta of Andriushchenko et al. 2020, section 3.4: the box is cut in two across an axis
 * drawn for each row; one half holds a bump upwards, the other one downwards, each of length 1. A bump is a stack of
 * boxes around its centre, the k-th, from 0, reaching k places far and 1 / (k + 1)^2 high.
 * @param local coordinates inside the box along each axis, `[rows, size]`
 * @param sides sides of the box, `[rows, 1]` each
 * @param inside 1 at the places of the box, `[rows, places]`
 * @returns `[rows, places]`
 */
export function bumps(
  { sizes, windowed }: Grid,
  local: readonly tf.Tensor2D[],
  sides: readonly tf.Tensor2D[],
  inside: tf.Tensor2D,
  random: Random,
): tf.Tensor2D {
  const axes = sizes.map((_, axis) => axis).filter((axis) => windowed[axis]);
  const draw = tf.floor(tf.mul(random.uniform(inside.shape[0], 1), axes.length));
  const cut = tf.minimum(draw, axes.length - 1);
  const longest = axes.map((axis) => sides[axis]!).reduce((a, b) => tf.maximum(a, b));
  const max = Math.floor(Math.max(...sizes) / 2) + 1;
  const top = stack(tf.add(halved(longest), 1), max);
  const along = sizes.map((_, axis) => {
    const x = local[axis]!;
    if (!windowed[axis])
      return { height: tf.mul<tf.Tensor2D>(top, tf.onesLike(x)), direction: tf.onesLike(x) };
    const isCut = tf.equal(cut, axes.indexOf(axis));
    const half = halved(sides[axis]!);
    const second = tf.logicalAnd(isCut, tf.greaterEqual(x, half));
    const first = tf.where(isCut, halved(half), half);
    const center = tf.where(second, tf.add(half, halved(tf.sub(sides[axis]!, half))), first);
    return {
      height: tf.sub<tf.Tensor2D>(top, stack(tf.abs(tf.sub<tf.Tensor2D>(x, center)), max)),
      direction: tf.sub<tf.Tensor2D>(1, tf.mul(2, tf.cast(second, 'float32'))),
    };
  });
  // The height falls with the largest of the distances along the axes, so it is the smallest of their heights.
  const height = overPlaces(
    along.map((axis) => axis.height),
    minimum,
  );
  const direction = overPlaces(
    along.map((axis) => axis.direction),
    tf.mul,
  );
  const pair = tf.mul<tf.Tensor2D>(tf.mul(direction, height), inside);
  return tf.sub(unit(tf.relu(pair)), unit(tf.relu(tf.neg(pair))));
}

/** tf.minimum, in operations that broadcast ten times faster on wasm. */
function minimum(a: tf.Tensor3D, b: tf.Tensor3D): tf.Tensor3D {
  return tf.sub(a, tf.relu(tf.sub<tf.Tensor3D>(a, b)));
}

/** The sum of 1 / (k + 1)^2 over the whole numbers k from 0 below each of the numbers, of which none above `max` matter. */
function stack(numbers: tf.Tensor2D, max: number): tf.Tensor2D {
  const sums = [0];
  for (let k = 0; k < max; k++) sums.push(sums[k]! + 1 / (k + 1) ** 2);
  const index = tf.cast(tf.minimum<tf.Tensor2D>(numbers, max), 'int32');
  return tf.gather<tf.Tensor>(tf.tensor1d(sums), index) as tf.Tensor2D;
}

function halved(lengths: tf.Tensor2D): tf.Tensor2D {
  return tf.floor(tf.div<tf.Tensor2D>(lengths, 2));
}

function unit(rows: tf.Tensor2D): tf.Tensor2D {
  return tf.div(rows, tf.maximum(tf.sqrt(tf.sum(tf.square(rows), 1, true)), MIN_LENGTH));
}
