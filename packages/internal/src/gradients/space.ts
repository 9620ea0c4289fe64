import * as tf from '@tensorflow/tfjs-core';

/** How much to add in front and behind along each axis but the first and the last; less than 0 removes. */
export type Padding = readonly (readonly [number, number])[];

/** Pads with zeros, or cuts, along all axes but the first and the last. */
export function padSpace(x: tf.Tensor, padding: Padding): tf.Tensor {
  const ends: (readonly [number, number])[] = [[0, 0], ...padding, [0, 0]];
  const added = ends.map(([front, behind]): [number, number] => [Math.max(front, 0), Math.max(behind, 0)]);
  const padded = added.flat().some((count) => count > 0) ? tf.pad(x, added) : x;
  if (ends.flat().every((count) => count >= 0)) return padded;
  const start = ends.map(([front]) => Math.max(-front, 0));
  const size = padded.shape.map((length, axis) => length - start[axis]! - Math.max(-ends[axis]![1], 0));
  return tf.slice(padded, start, size);
}

/** The first so many entries along all axes but the first and the last. */
export function sliceSpace(x: tf.Tensor, size: readonly number[]): tf.Tensor {
  return tf.slice(x, new Array(x.rank).fill(0), [x.shape[0]!, ...size, x.shape.at(-1)!]);
}
