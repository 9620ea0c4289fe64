import * as tf from '@tensorflow/tfjs-core';

/**
 * Frames start, start + step, ... of x, `count` of them, where x is [bodies, frames, width] and each frame's features lie
 * in one row. A slice of rank 3, since strided slices have no gradient and higher ranks are slow.
 */
export function everyFrame(x: tf.Tensor3D, start: number, step: number, count: number): tf.Tensor3D {
  const [bodies, frames, width] = x.shape;
  if (step === 1) return tf.slice(x, [0, start, 0], [bodies, count, width]);
  const groups = padFrames(x, 0, Math.max(0, start + count * step - frames), 0);
  const kept = tf.slice(groups, [0, start, 0], [bodies, count * step, width]);
  const grouped = tf.reshape(kept, [bodies, count, step * width]) as tf.Tensor3D;
  return tf.slice(grouped, [0, 0, 0], [bodies, count, width]);
}

/** x, [bodies, frames, width], with frames of `value` before and after it. */
export function padFrames(x: tf.Tensor3D, before: number, after: number, value: number): tf.Tensor3D {
  if (before === 0 && after === 0) return x;
  return tf.pad(x, [[0, 0], [before, after], [0, 0]], value); // biome-ignore format: one pair per axis
}
