import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../tensors/random.js';
import { type Grid, overPlaces } from './grid.js';

/** A box of places in each row: for each axis of its grid where it begins and how long it is, `[rows, 1]`. */
export interface Window {
  /** First index. */
  readonly corners: readonly tf.Tensor2D[];
  /** Number of indices. */
  readonly sides: readonly tf.Tensor2D[];
}

/**
 * The sides of a box of about that many places, in proportion to the axes, so that equal axes get equal sides.
 * @param places how many, 0 or more; axes too short for their part leave the rest to the others
 */
export function sidesOf({ sizes, windowed }: Grid, places: number): number[] {
  const whole = sizes.reduce((product, size, axis) => (windowed[axis] ? product : product * size), 1);
  let open = sizes.filter((_, axis) => windowed[axis]);
  let share: number;
  let settled: number[];
  do {
    share = (places / whole / open.reduce((product, size) => product * size, 1)) ** (1 / open.length);
    settled = open.filter((size) => size * share < 1);
    open = open.filter((size) => size * share >= 1);
  } while (settled.length > 0 && open.length > 0);
  return sizes.map((size, axis) => (windowed[axis] ? Math.max(Math.round(size * share), 1) : size));
}

/**
 * A window of these sides for each row, uniformly drawn; with a mask, one that contains a free place, uniformly drawn
 * as well. Call it inside a tidy.
 */
export function drawWindow(grid: Grid, sides: readonly tf.Tensor2D[], random: Random): Window {
  const { sizes, windowed, free } = grid;
  const rows = sides[0]!.shape[0];
  const draws = tf.split<tf.Tensor2D>(random.uniform(rows, sizes.length + 1), sizes.length + 1, 1);
  const anchors = free && placeOf(grid, tf.mul(draws[sizes.length]!, free.count));
  const corners = sizes.map((size, axis): tf.Tensor2D => {
    if (!windowed[axis]) return tf.zeros([rows, 1]);
    const side = sides[axis]!;
    const last = tf.sub<tf.Tensor2D>(size, side);
    const corner = anchors
      ? tf.sub(anchors[axis]!, tf.floor(tf.mul(draws[axis]!, side)))
      : tf.floor(tf.mul<tf.Tensor2D>(draws[axis]!, tf.add(last, 1)));
    return tf.maximum<tf.Tensor2D>(tf.minimum(corner, last), 0);
  });
  return { corners, sides };
}

/** The coordinates, `[rows, 1]` each, of the free place that has `before` others before it. */
function placeOf({ sizes, free, places }: Grid, before: tf.Tensor2D): tf.Tensor2D[] {
  const passed = tf.cast(tf.lessEqual(free!.upTo, tf.floor(before)), 'float32');
  const index = tf.minimum<tf.Tensor2D>(tf.sum(passed, 1, true), places - 1);
  let stride = places;
  return sizes.map((size) => {
    stride /= size;
    return tf.mod(tf.floor(tf.div<tf.Tensor2D>(index, stride)), size);
  });
}

/** Coordinates counted from the window's corner, for each axis `[rows, size]`. */
export function localIn({ sizes }: Grid, { corners }: Window): tf.Tensor2D[] {
  return sizes.map((size, axis) => tf.sub(tf.range(0, size), corners[axis]!));
}

/** 1 at the places in the window, else 0, `[rows, places]`. */
export function insideOf(grid: Grid, window: Window): tf.Tensor2D {
  const along = localIn(grid, window).map(
    (local, axis) =>
      tf.cast(
        tf.logicalAnd(tf.greaterEqual(local, 0), tf.less(local, window.sides[axis]!)),
        'float32',
      ) as tf.Tensor2D,
  );
  return overPlaces(along, tf.mul);
}
