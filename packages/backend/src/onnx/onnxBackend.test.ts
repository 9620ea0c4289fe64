import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { OnnxBackend } from './onnxBackend.js';
import { onnxBinding, useOnnx, withoutOnnx } from './useOnnx.fixture.js';

if (!onnxBinding) withoutOnnx('Steps and memory');

const backend = () => tf.backend() as OnnxBackend;

describe.skipIf(!onnxBinding)('on onnx', () => {
  beforeEach(() => {
    vi.restoreAllMocks();
    return useOnnx();
  });
  afterAll(() => tf.setBackend('cpu'));

  test('computes nothing until a value is read', () => {
    const run = vi.spyOn(backend().graph, 'run');
    const x = tf.tensor1d([1, 2, 3]);
    const y = tf.tidy(() => tf.sqrt(tf.mul(tf.add(x, 2), x)));
    expect(run).not.toHaveBeenCalled();
    expect([...y.dataSync()].map((value) => value ** 2)).toEqual(
      [3, 8, 15].map((value) => expect.closeTo(value, 5)),
    );
    expect(run).toHaveBeenCalledTimes(1);
    y.dataSync();
    expect(run).toHaveBeenCalledTimes(1);
    tf.dispose([x, y]);
  });

  test('recorded tensors move to another backend with their values, and back', async () => {
    const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    const turned = tf.tidy(() => tf.transpose(tf.neg(x)));
    await tf.setBackend('cpu');
    const there = tf.tidy(() => [...tf.add(turned, 1).dataSync()]);
    expect(there).toEqual([0, -3, -1, -4, -2, -5]);
    await tf.setBackend('onnx');
    expect(tf.tidy(() => [...tf.add(turned, x.size).dataSync()])).toEqual([5, 2, 4, 1, 3, 0]);
    tf.dispose([x, turned]);
  });

  test('tensors that share their elements are disposed of in any order', () => {
    const before = tf.memory().numTensors;
    const x = tf.tidy(() => tf.neg(tf.tensor1d([1, 2, 3, 4])));
    const [copy, square] = [tf.clone(x), tf.reshape(x, [2, 2])];
    tf.dispose(x);
    const sum = tf.tidy(() => tf.sum(square, 0));
    tf.dispose(square);
    expect([...copy.dataSync(), ...sum.dataSync()]).toEqual([-1, -2, -3, -4, -4, -6]);
    tf.dispose([copy, sum]);
    expect(tf.memory().numTensors).toBe(before);
    expect(() => copy.dataSync()).toThrow(/disposed/);
  });

  test('variables are written in the order of the program', () => {
    const v = tf.variable(tf.tensor1d([1, 2]));
    for (let i = 0; i < 3; i++) tf.tidy(() => v.assign(tf.mul(v, tf.add(v, 1)) as tf.Tensor1D));
    // x -> x * (x + 1): 1, 2, 6, 42 and 2, 6, 42, 1806.
    expect([...v.dataSync()]).toEqual([42, 1806]);
    tf.dispose(v);
  });

  test('an array that its caller overwrites changes nothing that was recorded before', () => {
    const array = new Float32Array(2);
    const results = [1, 2, 3].map((value) => {
      array.fill(value);
      return tf.tidy(() => tf.neg(tf.tensor1d(array)));
    });
    expect(results.map((result) => [...result.dataSync()])).toEqual([[-1, -1], [-2, -2], [-3, -3]]); // biome-ignore format: pairs
    tf.dispose(results);
  });

  test('time includes the operations that a function records', async () => {
    const run = vi.spyOn(backend().graph, 'run');
    const results: tf.Tensor[] = [];
    const { kernelMs } = await tf.time(() => void results.push(tf.tidy(() => tf.neg(tf.ones([5])))));
    expect(kernelMs).toBeGreaterThan(0);
    expect(run.mock.calls.flatMap(([wanted]) => [...wanted])).toHaveLength(1);
    tf.dispose(results);
  });

  test('NaN stays NaN, also after a convolution', () => {
    const x = tf.fill([1, 4, 4, 32], Number.NaN) as tf.Tensor4D;
    const filter = tf.ones([3, 3, 32, 32]) as tf.Tensor4D;
    const y = tf.tidy(() => tf.relu(tf.add(tf.conv2d(x, filter, 1, 'same'), tf.ones([32]))));
    expect([...y.dataSync()].every(Number.isNaN)).toBe(true);
    tf.dispose([x, filter, y]);
  });

  test('small tensors are left to the cpu backend, except where that is wrong', () => {
    tf.env().set('ONNX_CPU_FORWARD', true);
    const run = vi.spyOn(backend().graph, 'run');
    const [a, b] = [tf.tensor3d([1, 2], [2, 1, 1]), tf.tensor3d([3, 5], [2, 1, 1])];
    expect([...tf.tidy(() => tf.matMul(a, b).dataSync())]).toEqual([3, 10]);
    expect(run).not.toHaveBeenCalled();
    const outer = tf.tidy(() => tf.matMul(tf.reshape(a, [2, 1, 1, 1]), tf.reshape(b, [1, 2, 1, 1])));
    expect([...outer.dataSync()]).toEqual([3, 5, 6, 10]);
    expect(run).toHaveBeenCalledTimes(1);
    tf.dispose([a, b, outer]);
  });

  test('a backend that is removed frees its models, and another one can take its place', async () => {
    const graph = backend().graph;
    const dispose = vi.spyOn(graph, 'dispose');
    const warn = vi.spyOn(console, 'warn');
    tf.tidy(() => tf.exp(tf.ones([3])).dataSync());
    await tf.setBackend('cpu');
    expect(dispose).not.toHaveBeenCalled();
    tf.removeBackend('onnx');
    expect(dispose).toHaveBeenCalledTimes(1);
    await useOnnx();
    expect(backend().graph).not.toBe(graph);
    expect([...tf.tidy(() => tf.neg(tf.ones([2])).dataSync())]).toEqual([-1, -1]);
    expect(warn).not.toHaveBeenCalled();
  });
});
