import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { normal, rowsOf, values } from '@amr/testing/attacks/models';
import { expectSlopes } from '@amr/testing/tensors/slopes';
import { describe, expect, it } from 'vitest';
import { gateLogOdds } from './gateLogOdds.js';

describe('gateLogOdds', () => {
  it('for softmax weights is the logit relative to the others', () => {
    const z = normal([4, 3], 1);
    const favoured = tf.tensor1d([0, 1, 2, 1], 'int32');
    const got = values(gateLogOdds(tf.softmax(z as tf.Tensor2D), favoured));
    for (const [row, logits] of rowsOf(z).entries()) {
      const own = values(favoured)[row]!;
      const others = logits.filter((_, m) => m !== own).map(Math.exp);
      expect(got[row]).toBeCloseTo(logits[own]! - Math.log(others.reduce((a, b) => a + b)), 5);
    }
  });

  it('has the gradient of finite differences', () => {
    const weights = tf.add(tf.abs(normal([3, 4], 2)), 0.5);
    const favoured = tf.tensor1d([3, 0, 2], 'int32');
    expectSlopes((a) => gateLogOdds(a as tf.Tensor2D, favoured), weights);
  });

  it.each([5, 20, 60, 90])('has a gradient for a softmax that is saturated by %d', (gap) => {
    const slope = (favoured: number) =>
      values(
        tf.grad((z) => gateLogOdds(tf.softmax(z as tf.Tensor2D), tf.tensor1d([favoured], 'int32')))(
          tf.tensor2d([[gap, 0]]),
        ),
      );
    // The slope of a logit is 1, however sure the gate is, down to the smallest weights that count.
    if (gap < 80) {
      expect(slope(1)[1]).toBeCloseTo(1, 4);
      expect(slope(0)[0]).toBeCloseTo(1, 4);
    }
    expect(slope(1).every(Number.isFinite)).toBe(true);
    expect(slope(1)[1]).toBeGreaterThan(0);
  });

  it('stays finite where a weight is exactly 0', () => {
    const weights = tf.tensor2d([[1, 0]]);
    for (const column of [0, 1]) {
      const favoured = tf.tensor1d([column], 'int32');
      const { value, grad } = tf.valueAndGrad((a: tf.Tensor2D) => gateLogOdds(a, favoured))(weights);
      expect([...values(value), ...values(grad)].every(Number.isFinite)).toBe(true);
    }
  });
});
