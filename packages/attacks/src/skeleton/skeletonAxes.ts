import * as tf from '@tensorflow/tfjs-core';
import { shown, ThreatModelError } from '../errors.js';

/**
 * Which axes of an input hold what. Negative numbers count from the last axis, so that the defaults fit both
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

/** What the axes of a skeleton stand for, all counted from the first. */
export function skeletonAxesOf(x: tf.Tensor, axes: SkeletonAxes = {}): Required<SkeletonAxes> {
  const { frames = -3, joints = -2, coordinates = -1 } = axes;
  const found = {
    frames: axisOf(x, frames, 'frames'),
    joints: axisOf(x, joints, 'joints'),
    coordinates: axisOf(x, coordinates, 'coordinates'),
  };
  if (new Set(Object.values(found)).size < 3) {
    throw new ThreatModelError(
      `The axes of frames, joints and coordinates are ${frames}, ${joints} and ${coordinates} of ${shown(x)}; expected three different ones.`,
    );
  }
  return found;
}

/**
 * An axis, counted from the first.
 * @throws {ThreatModelError} when the input has no such axis or it is the batch
 */
export function axisOf(x: tf.Tensor, axis: number, what: string): number {
  const found = axis < 0 ? x.rank + axis : axis;
  if (!(Number.isInteger(found) && found > 0 && found < x.rank)) {
    throw new ThreatModelError(
      `The axis of ${what} is ${axis}, but the input is ${shown(x)}; expected an axis from 1 to ${x.rank - 1} (0 is the batch), or from -${x.rank - 1} to -1 counted from the last.`,
    );
  }
  return found;
}

/**
 * A tensor's axes in another order: some to the front, the others, the batch first among them, joined to one at the
 * end. Long last axes keep elementwise operations fast on all backends, where last axes of 3 or 1 don't.
 */
export interface Arrangement {
  /** `[...front, batch * others]` of a tensor of the shape. */
  arrange(x: tf.Tensor): tf.Tensor;
  /** The way back. */
  restore(x: tf.Tensor): tf.Tensor;
  /** Values of the rows of a batch, `[batch]`, for each entry of the last axis, `[batch * others]`. */
  spread(rows: tf.Tensor): tf.Tensor1D;
  /** The largest value in each row, `[batch]`, of something `[any, any, batch * others]`. */
  largestByRow(x: tf.Tensor): tf.Tensor1D;
  /** The sum in each row, `[batch]`, of something `[any, any, batch * others]`. */
  sumByRow(x: tf.Tensor): tf.Tensor1D;
}

/** The {@link Arrangement} of a shape. */
export function arrangement(shape: readonly number[], front: readonly number[]): Arrangement {
  const others = shape.map((_, axis) => axis).filter((axis) => !front.includes(axis));
  const order = [...front, ...others];
  const way = order.map((_, axis) => order.indexOf(axis));
  const sizes = order.map((axis) => shape[axis]!);
  const rows = shape[0]!;
  const perRow = others.slice(1).reduce((product, axis) => product * shape[axis]!, 1);
  return {
    arrange: (x) => tf.reshape(tf.transpose(x, order), [...sizes.slice(0, front.length), rows * perRow]),
    restore: (x) => tf.transpose(tf.reshape(x, sizes), way),
    spread: (values) => tf.reshape(tf.tile(tf.reshape(values, [rows, 1]), [1, perRow]), [rows * perRow]),
    largestByRow: (x) => tf.max(tf.reshape(x, [x.size / (rows * perRow), rows, perRow]), [0, 2]),
    sumByRow: (x) => tf.sum(tf.reshape(x, [x.size / (rows * perRow), rows, perRow]), [0, 2]),
  };
}
