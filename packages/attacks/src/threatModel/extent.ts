/*
 * Lengths that follow from the inputs themselves. Searches that know no radius, or work in absolute numbers as published for
 * pixels in [0, 1], measure in these, so that their results don't depend on the unit of an input.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type BallPart, inUnitsOfScale, joinColumns } from './ballPart.js';

/**
 * The extent of a ball's inputs, `[rows, 1]`, in units of the scales: the largest finite width of their ranges or, without
 * one, the radius or, where that is infinite, the largest absolute value of the clean input; 1 where that is 0.
 * @param epsilon the radius, `[rows, 1]`
 * @param radius the radius, if all rows have the same
 */
export function extentOf(parts: readonly BallPart[], epsilon: tf.Tensor2D, radius?: number): tf.Tensor2D {
  const widths = parts.map(widthOf);
  const known = Math.max(0, ...widths.filter((width) => typeof width === 'number'));
  const others = widths.filter((width) => typeof width === 'object');
  if (known > 0 && others.length === 0) return tf.fill(epsilon.shape, known);
  const withoutRange = withoutRangeOf(parts, epsilon, radius);
  if (others.length === 0) return withoutRange;
  const width = others.reduce((widest, one) => tf.maximum(widest, one), tf.fill(epsilon.shape, known));
  return tf.where(tf.greater(width, 0), width, withoutRange);
}

/** The largest absolute value of the clean inputs, `[rows, 1]`, in units of the scales. */
export function cleanSize(parts: readonly BallPart[]): tf.Tensor2D {
  const columns = parts.map((part) =>
    inUnitsOfScale(part, tf.reshape<tf.Rank.R2>(part.clean, [part.clean.shape[0]!, part.size])),
  );
  return tf.max<tf.Tensor2D>(tf.abs(joinColumns(columns)), 1, true);
}

function withoutRangeOf(parts: readonly BallPart[], epsilon: tf.Tensor2D, radius?: number): tf.Tensor2D {
  if (radius !== undefined && radius < Infinity) return tf.clone(epsilon);
  const size = cleanSize(parts);
  const positive: tf.Tensor2D = tf.where(tf.greater(size, 0), size, tf.onesLike(size));
  return tf.where(tf.isFinite(epsilon), epsilon, positive);
}

/** The largest finite width of a range: a number, or `[rows, 1]`; 0 without one. */
function widthOf({ range, scale, clean, size }: BallPart): number | tf.Tensor2D {
  if (!range) return 0;
  const [low, high] = range;
  if (typeof low === 'number' && typeof high === 'number' && typeof scale === 'number') {
    const width = (high - low) / scale;
    return width < Infinity ? width : 0;
  }
  const flat = (end: number | tf.Tensor) =>
    typeof end === 'number' ? end : tf.reshape<tf.Rank.R2>(end, [clean.shape[0]!, size]);
  const width: tf.Tensor2D = tf.div(tf.sub(flat(high), flat(low)), scale);
  const finite: tf.Tensor2D = tf.where(tf.isFinite(width), width, tf.zerosLike(width));
  return tf.max<tf.Tensor2D>(finite, 1, true);
}
