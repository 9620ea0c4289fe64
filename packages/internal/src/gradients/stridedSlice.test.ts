import '@tensorflow/tfjs-layers';
import { normal, values } from '@amr/testing/attacks/models';
import { useOn } from '@amr/testing/backends/useOn';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { registerMissingGradients } from './registerMissingGradients.js';

/** What follows from the values of the slice in each place, without any gradient: tfjs slices the positions. */
function places(shape: number[], slice: (x: tf.Tensor) => tf.Tensor): number[] {
  const size = shape.reduce((product, n) => product * n, 1);
  const counts = Array<number>(size).fill(0);
  for (const [i, position] of values(slice(tf.reshape(tf.range(0, size), shape))).entries()) {
    counts[position]! += i + 1;
  }
  return counts;
}

describe.each(['cpu', 'wasm', 'onnx'] as const)('gradients of strided slices on %s', (backend) => {
  if (backend !== 'cpu') useOn(backend);
  beforeAll(registerMissingGradients);

  it.each<[string, number[], (x: tf.Tensor) => tf.Tensor]>([
    ['x[1:5:2]', [6], (x) => tf.stridedSlice(x, [1], [5], [2])],
    ['x[::3, 1:]', [7, 3], (x) => tf.stridedSlice(x, [0, 1], [0, 0], [3, 1], 1, 3)],
    ['x[::-1]', [4], (x) => tf.stridedSlice(x, [0], [0], [-1], 1, 1)],
    ['x[5:0:-2, :]', [6, 2], (x) => tf.stridedSlice(x, [5, 0], [0, 2], [-2, 1])],
    ['x[-2]', [3, 4], (x) => tf.stridedSlice(x, [-2], [-1], [1], 0, 0, 0, 0, 1)],
    ['x[..., 1:3]', [2, 3, 2, 4], (x) => tf.stridedSlice(x, [0, 1], [0, 3], [1, 1], 0, 0, 1)],
    ['x[:, None, ::2]', [2, 5], (x) => tf.stridedSlice(x, [0, 0, 0], [0, 0, 0], [1, 1, 2], 5, 5, 0, 2)],
    ['x[:]', [2, 3], (x) => tf.stridedSlice(x, [0], [0], [1], 1, 1)],
    ['x[3:3]', [4], (x) => tf.stridedSlice(x, [3], [3], [1])],
    [
      'x[0:2, :, :, :, 1::2]',
      [3, 1, 2, 1, 4],
      (x) => tf.stridedSlice(x, [0, 0, 0, 0, 1], [2, 1, 2, 1, 4], [1, 1, 1, 1, 2]),
    ],
  ])('%s', (_, shape, slice) => {
    const x = normal(shape, 1);
    const weighted = (at: tf.Tensor) => {
      const taken = slice(at);
      return tf.sum(tf.mul(tf.reshape(taken, [-1]), tf.range(1, taken.size + 1)));
    };
    const gradientAt = tf.grad(weighted);
    const before = tf.memory().numTensors;
    const gradient = gradientAt(x);
    expect(tf.memory().numTensors).toBe(before + 1);
    expect(gradient.shape).toEqual(shape);
    expect(values(gradient)).toEqual(places(shape, slice));
  });
});
