import { formatValue } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { budgetChecks } from '../options.js';

const { checkOption, rejectUnknownOptions } = budgetChecks;

/**
 * The axes of a skeleton input. Negative numbers count from the last axis, so that the defaults fit both
 * `[batch, persons, frames, joints, coordinates]` and `[batch, frames, joints, coordinates]`.
 */
export interface SkeletonAxes {
  /** The axis of frames. Default -3. */
  frames?: number;
  /** The axis of joints. Default -2. */
  joints?: number;
  /** The axis of a joint's coordinates. Default -1. */
  coordinates?: number;
}

/**
 * The axes of a skeleton input, all counted from the first.
 * @param path what the axes are called in messages
 * @throws {ThreatModelError} when the input lacks one of them or two are the same
 */
export function skeletonAxesOf(x: tf.Tensor, axes: SkeletonAxes = {}, path = 'axes'): Required<SkeletonAxes> {
  const { frames = -3, joints = -2, coordinates = -1 } = axes;
  const found = {
    frames: axisOf(x, frames, `${path}.frames`),
    joints: axisOf(x, joints, `${path}.joints`),
    coordinates: axisOf(x, coordinates, `${path}.coordinates`),
  };
  const distinct = new Set(Object.values(found)).size === 3;
  const expected = `different axes of ${formatValue(x)} for frames, joints and coordinates`;
  checkOption(path, [frames, joints, coordinates], distinct, expected);
  return found;
}

/**
 * Refuses keys that a {@link SkeletonAxes} doesn't have.
 * @param path what the axes are called in messages
 * @param known the keys that are allowed. Default: all
 * @throws {ThreatModelError}
 */
export function checkSkeletonAxes(
  path: string,
  axes: SkeletonAxes | undefined,
  known: readonly (keyof SkeletonAxes)[] = ['frames', 'joints', 'coordinates'],
): void {
  rejectUnknownOptions(path, axes, known);
}

/**
 * An axis, counted from the first.
 * @param path what the axis is called in messages
 * @throws {ThreatModelError} when the input has no such axis or it is the batch
 */
export function axisOf(x: tf.Tensor, axis: number, path: string): number {
  const found = axis < 0 ? x.rank + axis : axis;
  const last = x.rank - 1;
  const expected = `an axis of ${formatValue(x)}, from 1 to ${last} (0 is the batch) or from -${last} to -1`;
  checkOption(path, axis, Number.isInteger(found) && found > 0 && found < x.rank, expected);
  return found;
}

/**
 * A tensor's axes in another order: some axes come first, and all others, with the batch first among them, are merged
 * into one last axis. Elementwise operations are fast on all backends with a long last axis, and slow with one of 3 or 1.
 */
export interface Arrangement {
  /** `[...front, batch * others]` of a tensor of the shape. */
  arrange(x: tf.Tensor): tf.Tensor;
  /** The inverse of `arrange`. */
  restore(x: tf.Tensor): tf.Tensor;
  /** Repeats the value of each row, `[batch]`, for each of its entries on the last axis, `[batch * others]`. */
  spread(rows: tf.Tensor): tf.Tensor1D;
  /** The largest value in each row, `[batch]`, of a tensor `[any, any, batch * others]`. */
  largestByRow(x: tf.Tensor): tf.Tensor1D;
  /** The sum over each row, `[batch]`, of a tensor `[any, any, batch * others]`. */
  sumByRow(x: tf.Tensor): tf.Tensor1D;
}

/** The {@link Arrangement} of a shape. */
export function arrangement(shape: readonly number[], front: readonly number[]): Arrangement {
  const others = shape.map((_, axis) => axis).filter((axis) => !front.includes(axis));
  const order = [...front, ...others];
  const inverse = order.map((_, axis) => order.indexOf(axis));
  const sizes = order.map((axis) => shape[axis]!);
  const rows = shape[0]!;
  const perRow = others.slice(1).reduce((product, axis) => product * shape[axis]!, 1);
  return {
    arrange: (x) => tf.reshape(tf.transpose(x, order), [...sizes.slice(0, front.length), rows * perRow]),
    restore: (x) => tf.transpose(tf.reshape(x, sizes), inverse),
    spread: (values) => tf.reshape(tf.tile(tf.reshape(values, [rows, 1]), [1, perRow]), [rows * perRow]),
    largestByRow: (x) => tf.max(tf.reshape(x, [x.size / (rows * perRow), rows, perRow]), [0, 2]),
    sumByRow: (x) => tf.sum(tf.reshape(x, [x.size / (rows * perRow), rows, perRow]), [0, 2]),
  };
}
