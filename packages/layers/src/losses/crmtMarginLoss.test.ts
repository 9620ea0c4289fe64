import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers the gradients
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crmtMarginLoss } from './crmtMarginLoss.js';

const labels = tf.tensor1d([1, 0], 'int32');
const value = (evidence: tf.Tensor3D, of = labels) => crmtMarginLoss(evidence, of).dataSync()[0]!;

describe('crmtMarginLoss', () => {
  it('is the logarithm of the sum over the other classes of all modalities', () => {
    const evidence = [
      [[1, 3, 2], [0, 0, 1]],
      [[2, 2, 5], [4, 1, 0]],
    ]; // biome-ignore format: modalities by classes
    const sums = [
      Math.exp(-2) + Math.exp(-1) + Math.exp(0) + Math.exp(1),
      Math.exp(0) + Math.exp(3) + Math.exp(-3) + Math.exp(-4),
    ].map((sum) => Math.log(sum + 1e-5));
    expect(value(tf.tensor3d(evidence))).toBeCloseTo((sums[0]! + sums[1]!) / 2, 5);
  });

  it('decreases as any margin grows, down to ln 1e-5, and stays finite', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 0, max: 2 }), (seed, modality) => {
        tf.tidy(() => {
          const evidence = tf.randomNormal([2, 3, 4], 0, 2, 'float32', seed) as tf.Tensor3D;
          const own = tf.mul(
            tf.reshape(tf.oneHot(labels, 4), [2, 1, 4]),
            tf.reshape(tf.oneHot(modality, 3), [1, 3, 1]),
          );
          expect(value(tf.add(evidence, own))).toBeLessThan(value(evidence));
        });
      }),
      { numRuns: 15 },
    );
    const far = tf.mul(tf.reshape(tf.oneHot(labels, 3), [2, 1, 3]), 500);
    expect(value(far as tf.Tensor3D)).toBeCloseTo(Math.log(1e-5), 4);
    expect(value(tf.neg(far) as tf.Tensor3D)).toBeCloseTo(500 + Math.log(2), 3);
  });

  it('has the gradients of finite differences', () => {
    const evidence = tf.randomNormal([2, 3, 4], 0, 1, 'float32', 1);
    expectGradientsOfDifferences((e) => crmtMarginLoss(e as tf.Tensor3D, labels), [evidence]);
  });

  it('refuses shapes that do not match, and leaves one tensor', () => {
    const evidence = tf.zeros([3, 2, 4]) as tf.Tensor3D;
    expect(() => crmtMarginLoss(evidence, labels)).toThrow(/\[3, 2, 4\].*\[2\]/);
    const fitting = tf.zeros([2, 2, 4]) as tf.Tensor3D;
    const before = tf.memory().numTensors;
    crmtMarginLoss(fitting, labels);
    expect(tf.memory().numTensors).toBe(before + 1);
  });
});
