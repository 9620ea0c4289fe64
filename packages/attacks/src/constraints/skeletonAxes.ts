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

/** A shape with some axes brought to the front and one to the back; those between, the batch first, become one. */
export interface Arrangement {
  /** `[...front, batch * others, back]` of a tensor of the shape. */
  arrange(x: tf.Tensor): tf.Tensor;
  /** The way back. */
  restore(x: tf.Tensor): tf.Tensor;
  /** One value per row of the batch, `[batch]`, as one that broadcasts to the last two axes: `[batch * others, 1]`. */
  spread(rows: tf.Tensor): tf.Tensor;
}

/** The {@link Arrangement} of a shape. */
export function arrangement(shape: readonly number[], front: readonly number[], back: number): Arrangement {
  const middle = shape.map((_, axis) => axis).filter((axis) => axis !== back && !front.includes(axis));
  const order = [...front, ...middle, back];
  const way = order.map((_, axis) => order.indexOf(axis));
  const size = (axis: number) => shape[axis]!;
  const others = middle.slice(1).reduce((product, axis) => product * size(axis), 1);
  const rows = size(0);
  return {
    arrange: (x) => tf.reshape(tf.transpose(x, order), [...front.map(size), rows * others, size(back)]),
    restore: (x) => tf.transpose(tf.reshape(x, order.map(size)), way),
    spread: (values) => tf.reshape(tf.tile(tf.reshape(values, [rows, 1]), [1, others]), [rows * others, 1]),
  };
}
