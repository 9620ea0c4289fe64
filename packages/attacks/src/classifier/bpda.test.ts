import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { normal, values } from '@amr/testing/attacks/models';
import { describe, expect, it } from 'vitest';
import { AttackInputError } from '../errors.js';
import { bpda } from './bpda.js';

const x = normal([3, 4], 1);

describe('bpda', () => {
  it('has the values of forward and the gradient of backward', () => {
    const backward = (v: tf.Tensor) => tf.tanh(tf.mul(v, 2));
    const op = bpda((v) => tf.round(v), backward);
    expect(values(op(x))).toEqual(values(tf.round(x)));
    const weights = normal([3, 4], 2);
    const slope = (f: (v: tf.Tensor) => tf.Tensor) =>
      values(tf.grad((v) => tf.sum(tf.mul(weights, f(v))))(x));
    expect(slope(op)).toEqual(slope(backward));
    expect(values(tf.valueAndGrad((v: tf.Tensor) => op(v))(x).value)).toEqual(values(tf.round(x)));
  });

  it('passes the gradient straight through without backward, also when its input has other uses', () => {
    const op = bpda((v) => tf.sign(v));
    expect(values(tf.grad(op)(x))).toEqual(Array(12).fill(1));
    // d/dx of x^2 + sign(x) x, where sign counts as the identity: 2x + (sign(x) + x).
    const both = tf.grad((v) => tf.add(tf.square(v), tf.mul(op(v), v)))(x);
    values(both).forEach((slope, i) => {
      const at = values(x)[i]!;
      expect(slope).toBeCloseTo(3 * at + Math.sign(at), 5);
    });
  });

  it('takes a forward function without a gradient, and one that changes the shape', () => {
    const halved = bpda(
      (v) => tf.reverse(tf.topk(v, 2).values, 1),
      (v) => tf.slice(v, [0, 0], [3, 2]),
    );
    expect(halved(x).shape).toEqual([3, 2]);
    const pattern = tf.stack([tf.ones([3]), tf.ones([3]), tf.zeros([3]), tf.zeros([3])], 1);
    expect(values(tf.grad(halved)(x))).toEqual(values(pattern));
  });

  it('does not compute backward without a gradient, and leaks nothing', () => {
    let calls = 0;
    const op = bpda(tf.round, (v) => {
      calls++;
      return tf.mul(v, 2);
    });
    const before = tf.memory().numTensors;
    op(x).dispose();
    expect(calls).toBe(0);
    tf.grad(op)(x).dispose();
    expect(calls).toBe(1);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses shapes that differ, and whole numbers', () => {
    const shapes = bpda((v) => tf.sum(v, 1));
    expect(() => tf.grad(shapes)(x)).toThrow(AttackInputError);
    expect(() => tf.grad(shapes)(x)).toThrow(
      /^The result of bpda's forward, .*: got a tensor of shape \[3\]; expected float32 in the shape of/,
    );
    const whole = bpda((v) => tf.cast(v, 'int32'));
    expect(() => whole(x)).toThrow(/of type int32: .*expected float32/);
  });
});
