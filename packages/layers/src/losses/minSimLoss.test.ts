import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers the gradients
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minSimLoss } from './minSimLoss.js';

const random = (seed: number) => tf.randomNormal([4, 3], 0, 1, 'float32', seed) as tf.Tensor2D;
const value = (...features: tf.Tensor2D[]) => minSimLoss(features).dataSync()[0]!;

describe('minSimLoss', () => {
  it('is the mean cosine over the batch and over the pairs', () => {
    const a = tf.tensor2d([[1, 0], [3, 4]]); // biome-ignore format: a matrix
    const b = tf.tensor2d([[-2, 0], [4, 3]]); // biome-ignore format: a matrix
    const c = tf.tensor2d([[0, 7], [-3, -4]]); // biome-ignore format: a matrix
    expect(value(a, b)).toBeCloseTo((-1 + 24 / 25) / 2, 6);
    expect(value(a, b, c)).toBeCloseTo((-1 + 24 / 25 + 0 - 1 + 0 - 24 / 25) / 6, 6);
  });

  it('does not depend on lengths or on the order, and lies in [-1, 1]', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
        (seed, length) => {
          tf.tidy(() => {
            const [a, b, c] = [random(seed), random(seed + 1), random(seed + 2)];
            const loss = value(a, b, c);
            expect(Math.abs(loss)).toBeLessThanOrEqual(1);
            expect(value(c, tf.mul(a, length), b)).toBeCloseTo(loss, 5);
            expect(value(a, tf.mul(a, length))).toBeCloseTo(1, 5);
          });
        },
      ),
      { numRuns: 20 },
    );
  });

  it('has the gradients of finite differences, and 0 at a zero vector', () => {
    expectGradientsOfDifferences(
      (...xs) => minSimLoss(xs as tf.Tensor2D[]),
      [random(1), random(2), random(3)],
    );
    const dead = tf.tensor2d([[0, 0, 0], [1e-9, 0, 0], [1, 2, 3]]); // biome-ignore format: a matrix
    const other = tf.tensor2d([[1, 2, 3], [1, 0, 0], [0, 0, 0]]); // biome-ignore format: a matrix
    expect(value(dead, other)).toBe(0);
    const gradients = tf.grads((a, b) => minSimLoss([a as tf.Tensor2D, b as tf.Tensor2D]))([dead, other]);
    for (const gradient of gradients) expect([...gradient.dataSync()]).toEqual(new Array(9).fill(0));
  });

  it('refuses features that it cannot compare, and leaves one tensor', () => {
    expect(() => minSimLoss([random(1)])).toThrow(/\[4, 3\].*two or more/);
    expect(() => minSimLoss([])).toThrow(/no features/);
    expect(() => minSimLoss([random(1), tf.zeros([4, 2])])).toThrow(/\[4, 3\] and \[4, 2\].*dense layer/);
    const features = [random(1), random(2)];
    const before = tf.memory().numTensors;
    minSimLoss(features);
    expect(tf.memory().numTensors).toBe(before + 1);
  });
});
