import { formatValue } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { checkOption } from '../../../options.js';
import { type Ball, columnsOf } from '../../../threatModel/ball.js';
import type { BallPart } from '../../../threatModel/ballPart.js';

/**
 * One modality's entries as places times colours: a place is a pixel of a frame or a joint at a time, its colours are
 * the entries of the last axis. A block is a box of places.
 */
export interface Grid {
  /** The columns of the ball that it stands for. */
  readonly part: BallPart;
  /** Sizes of the axes that number the places. */
  readonly sizes: readonly number[];
  /** For each axis whether a block is a window along it. Otherwise the block spans it. */
  readonly windowed: readonly boolean[];
  /** Product of the sizes. */
  readonly places: number;
  /** Entries of a place. */
  readonly colors: number;
  /** Where the attack may write, if there is a mask. */
  readonly free?: FreePlaces;
}

/** The places of a grid that have a free entry. */
export interface FreePlaces {
  /** 1 where an entry may change, `[rows, places, colors]`. */
  readonly entries: tf.Tensor3D;
  /** Number of free places up to each place, itself included, `[rows, places]`. */
  readonly upTo: tf.Tensor2D;
  /** Number of free places, `[rows, 1]`. */
  readonly count: tf.Tensor2D;
}

/**
 * The grid of a modality, without the places that a mask frees.
 * @param axes axes of the input, the batch's being 0, along which blocks are windows; by default all but the batch's
 *   and the last, or the last if there is no other. If the last is among them, places have a single entry.
 * @throws {AttackOptionsError} when an axis is not one of the input's
 */
export function gridOf(part: BallPart, axes?: readonly number[]): Grid {
  const { shape } = part.clean;
  const last = shape.length - 1;
  const chosen = axes ?? (last === 1 ? [1] : shape.map((_, axis) => axis).slice(1, -1));
  checkOption(
    `square.axes.${part.modality}`,
    [...chosen],
    chosen.length > 0 && chosen.every((axis) => Number.isInteger(axis) && axis >= 1 && axis <= last),
    `one or more of the axes from 1 to ${last} of the shape ${formatValue(shape)}`,
  );
  const colors = chosen.includes(last) ? 1 : shape[last]!;
  const sizes = shape.slice(1, chosen.includes(last) ? undefined : -1);
  const windowed = sizes.map((_, i) => chosen.includes(i + 1));
  return { part, sizes, windowed, places: part.size / colors, colors };
}

/** Where a ball with a mask lets a grid's entries change. Call it inside a tidy. */
export function freePlaces(ball: Ball, { part, places, colors }: Grid): FreePlaces {
  const entries = tf.reshape<tf.Rank.R3>(columnsOf(ball, part, ball.free!), [ball.rows, places, colors]);
  const any = tf.max<tf.Tensor2D>(entries, 2);
  return { entries, upTo: tf.cumsum(any, 1), count: tf.sum(any, 1, true) };
}

/**
 * One vector per axis and row, combined into a value per place: `[rows, size]` each gives `[rows, product of sizes]`.
 * @param combine an operation that broadcasts, such as tf.mul
 */
export function overPlaces(
  vectors: readonly tf.Tensor2D[],
  combine: (a: tf.Tensor3D, b: tf.Tensor3D) => tf.Tensor3D,
): tf.Tensor2D {
  return vectors.reduce((all, next) => {
    const [rows, size] = next.shape;
    const outer = combine(
      tf.reshape<tf.Rank.R3>(all, [rows, -1, 1]),
      tf.reshape<tf.Rank.R3>(next, [rows, 1, size]),
    );
    return tf.reshape<tf.Rank.R2>(outer, [rows, -1]);
  });
}

/** The index along one axis of each place. */
export function coordinatesOf({ sizes, places }: Grid, axis: number): Int32Array {
  const stride = sizes.slice(axis + 1).reduce((product, size) => product * size, 1);
  return Int32Array.from({ length: places }, (_, place) => Math.floor(place / stride) % sizes[axis]!);
}
