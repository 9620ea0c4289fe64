import { useOn } from '@amr/testing/backends/useOn';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { registerMissingGradients } from './registerMissingGradients.js';

const bool = (x: tf.Tensor) => tf.cast(x, 'bool');
const float = (x: tf.Tensor) => tf.cast(x, 'float32');
const int = (x: tf.Tensor) => tf.cast(x, 'int32');

/** Functions of x, [2, 3], that change in jumps. */
const steps: [string, (x: tf.Tensor) => tf.Tensor][] = [
  ['equal', (x) => tf.equal(x, 2)],
  ['notEqual', (x) => tf.notEqual(x, 2)],
  ['greater', (x) => tf.greater(x, 0.5)],
  ['greaterEqual', (x) => tf.greaterEqual(0.5, x)],
  ['less', (x) => tf.less(x, 0.5)],
  ['lessEqual', (x) => tf.lessEqual(0.5, x)],
  ['a comparison whose left side is broadcast', (x) => tf.less(tf.max(x, 1, true), tf.mul(x, 2))],
  ['a comparison whose right side is broadcast', (x) => tf.greaterEqual(x, tf.mean(x))],
  ['any', (x) => tf.any(bool(x), -1)],
  ['all, with the axis kept', (x) => tf.all(bool(x), 1, true)],
  ['logicalAnd, broadcast', (x) => tf.logicalAnd(bool(x), bool(tf.slice(x, [0, 0], [1, 3])))],
  ['logicalOr', (x) => tf.logicalOr(bool(x), tf.greater(x, 1))],
  ['logicalXor', (x) => tf.logicalXor(bool(x), tf.greater(x, 1))],
  ['logicalNot', (x) => tf.logicalNot(bool(x))],
  ['argMax', (x) => tf.argMax(x, 1)],
  ['argMin of integers', (x) => tf.argMin(int(tf.mul(x, 3)), 1)],
  ['a comparison of integers', (x) => tf.greaterEqual(tf.argMax(x, 1), tf.scalar(1, 'int32'))],
  ['a comparison of integers of another kind', (x) => tf.equal(tf.argMax(x, 1), tf.scalar(1, 'int32'))],
  ['gather by computed indices', (x) => tf.gather(tf.tensor1d([3, 1, 2]), tf.argMax(x, 1))],
  [
    'segment sums by computed ids',
    (x) => tf.unsortedSegmentSum(tf.ones([2]), tf.argMax<tf.Tensor1D>(x, 1), 3),
  ],
  ['searchSorted', (x) => tf.searchSorted(tf.tensor2d([[0, 1], [0, 2]]), tf.mul(x, 1))], // biome-ignore format: two rows
  ['bitwiseAnd', (x) => tf.bitwiseAnd(int(x), tf.zeros([2, 3], 'int32'))],
  ['multinomial', (x) => tf.multinomial(x as tf.Tensor2D, 2, 1)],
];
/** Kernels that no backend but cpu has. */
const onCpuOnly = ['searchSorted', 'bitwiseAnd', 'multinomial', 'logicalXor'];

beforeAll(registerMissingGradients);

describe.each(['cpu', 'wasm', 'onnx'] as const)('functions that change in jumps, on %s', (backend) => {
  if (backend !== 'cpu') useOn(backend);
  const supported = steps.filter(([name]) => backend === 'cpu' || !onCpuOnly.includes(name));

  it.each(supported)('%s adds gradient 0 to the other terms, and keeps no tensor', (_, f) => {
    const before = tf.memory();
    const slopes = tf.tidy(() => {
      const x = tf.tensor2d([[2, -1, 0], [0.25, 4, 1]]); // biome-ignore format: two rows
      const gradient = tf.grad((given) => tf.add(tf.sum(float(f(given))), tf.sum(tf.square(given))))(x);
      expect(gradient.dtype).toBe('float32');
      return Array.from(gradient.dataSync());
    });
    expect(slopes).toEqual([4, -2, 0, 0.5, 8, 2]);
    expect(tf.memory().numTensors).toBe(before.numTensors);
  });
});

describe('gradients of indices', () => {
  it('leave the gradient of what is gathered as it was', () => {
    const slope = tf.grad((x) => tf.mul(tf.gather(x, [2, 0, 2]), tf.tensor1d([1, 2, 3])))(
      tf.tensor1d([5, 6, 7]),
    );
    expect(Array.from(slope.dataSync())).toEqual([2, 0, 4]);
  });

  it('leave the gradient of segment sums as it was', () => {
    const sums = (x: tf.Tensor) => tf.unsortedSegmentSum(x, tf.tensor1d([1, 0, 1], 'int32'), 2);
    const slope = tf.grad((x) => tf.mul(sums(x), tf.tensor1d([2, 5])))(tf.tensor1d([5, 6, 7]));
    expect(Array.from(slope.dataSync())).toEqual([5, 2, 5]);
  });
});
