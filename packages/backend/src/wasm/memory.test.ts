import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers tfjs's gradients
import { beforeAll, expect, test } from 'vitest';
import { useWasm } from '../compare.fixture.js';
import type { WasmBackend } from './heap.js';

beforeAll(useWasm);

test('a training loop with changing weights needs neither more heap nor more tensors', () => {
  const filter = tf.variable(tf.randomNormal([3, 3, 3, 4, 8], 0, 0.1, 'float32', 1));
  const dense = tf.variable(tf.randomNormal([8, 3], 0, 0.1, 'float32', 2));
  const x = tf.randomNormal([2, 4, 6, 6, 4], 0, 1, 'float32', 3) as tf.Tensor5D;
  const optimizer = tf.train.sgd(0.01);
  const step = () =>
    optimizer.minimize(() => {
      const features = tf.relu(tf.conv3d(x, filter as tf.Variable<tf.Rank.R5>, [1, 2, 2], 'same'));
      return tf.mean(tf.square(tf.matMul(tf.mean(features, [1, 2, 3]), dense as tf.Variable<tf.Rank.R2>)));
    });
  for (let i = 0; i < 50; i++) step();
  const { wasm } = tf.backend() as unknown as WasmBackend;
  const state = () => [wasm.HEAPU8.length, tf.memory().numTensors, tf.engine().backend.numDataIds()];
  const before = state();
  // XNNPACK's packed weights alone would fill the heap if they stayed: 1000 steps * 3 products * 3 kB and more.
  for (let i = 0; i < 1000; i++) step();
  expect(state()).toEqual(before);
  optimizer.dispose();
  tf.dispose([x, filter, dense]);
});

test('operators that fit into the heap only once can be replaced: packed filters are freed with their tensors', () => {
  const { wasm } = tf.backend() as unknown as WasmBackend;
  const x = tf.ones([1, 1, 1, 1, 512]) as tf.Tensor5D;
  const product = () =>
    tf.tidy(() => void tf.conv3d(x, tf.ones([1, 1, 1, 512, 512]) as tf.Tensor5D, 1, 'same'));
  for (let i = 0; i < 10; i++) product();
  const before = wasm.HEAPU8.length;
  for (let i = 0; i < 200; i++) product();
  expect(wasm.HEAPU8.length).toBe(before);
  x.dispose();
});
