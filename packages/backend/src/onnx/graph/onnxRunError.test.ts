import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { OnnxBackend } from '../onnxBackend.js';
import { onnxBinding, useOnnx, withoutOnnx } from '../useOnnx.fixture.js';
import { OnnxRunError } from './onnxRunError.js';
import { Runtime } from './runtime.js';

if (!onnxBinding) withoutOnnx('What fails');

describe.skipIf(!onnxBinding)('a step that ONNX Runtime refuses', () => {
  beforeAll(useOnnx);
  afterAll(() => tf.setBackend('cpu'));

  test('fails when it is read, naming its operations; only its own tensors are lost', () => {
    const backend = tf.backend() as OnnxBackend;
    const x = tf.tensor1d([1, 2, 3]);
    const earlier = tf.tidy(() => tf.neg(x));
    earlier.dataSync();
    const lost = tf.tidy(() => tf.exp(tf.abs(x)));
    vi.spyOn(Runtime.prototype, 'load').mockImplementationOnce(() => {
      throw new Error('no memory.');
    });
    expect(() => lost.dataSync()).toThrow(OnnxRunError);
    expect(backend.graph.length).toBe(0);
    // Again, and for tensors computed from it.
    expect(() => lost.dataSync()).toThrow(
      /a step of 2 operations \(Abs, Exp\): no memory\. Take smaller batches/,
    );
    expect(() => tf.tidy(() => tf.add(lost, 1))).toThrow(/Abs, Exp/);
    const next = tf.tidy(() => tf.add(earlier, tf.exp(tf.sub(x, x))));
    expect([...next.dataSync()]).toEqual([0, -1, -2]);
    tf.dispose([x, earlier, lost, next]);
  });

  test('reading a failed tensor again runs no recorded operation', () => {
    const lost = tf.tidy(() => tf.tanh(tf.exp(tf.tensor1d([1]))));
    vi.spyOn(Runtime.prototype, 'load').mockImplementationOnce(() => {
      throw new Error('none.');
    });
    expect(() => lost.dataSync()).toThrow(OnnxRunError);
    const waiting = tf.tidy(() => tf.neg(tf.tensor1d([4])));
    expect(() => lost.dataSync()).toThrow(OnnxRunError);
    expect([...waiting.dataSync()]).toEqual([-4]);
    tf.dispose([lost, waiting]);
  });

  test('leaves no tape behind that would prevent later steps from running', () => {
    const backend = tf.backend() as OnnxBackend;
    const x = tf.tensor1d([1, 2]);
    const failing = () => {
      throw new Error('in the loss');
    };
    expect(() => tf.tidy(() => tf.grad(failing)(x))).toThrow('in the loss');
    const step = () =>
      tf.keep(
        tf.tidy(() => {
          let y: tf.Tensor = x;
          for (let i = 0; i < 60; i++) y = tf.add(tf.neg(y), 1);
          return y;
        }),
      );
    const results = [step(), step(), step(), step(), step()];
    // The operations of the last two at most.
    expect(backend.graph.length).toBeLessThan(400);
    for (const result of results) expect([...result.dataSync()]).toEqual([1, 2]);
    tf.dispose([x, ...results]);
  });
});
