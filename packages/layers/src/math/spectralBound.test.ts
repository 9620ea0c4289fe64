import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spectralBound } from './spectralBound.js';

const size = fc.integer({ min: 1, max: 12 });

describe('spectralBound', () => {
  it('is the square of the largest entry of a diagonal, or a little more', () => {
    const diagonal = tf.diag(tf.tensor1d([0.5, -3, 1])) as tf.Tensor2D;
    expect(spectralBound(diagonal).dataSync()[0]).toBeCloseTo(9, 4);
    expect(spectralBound(tf.eye(1000, 4)).dataSync()[0]).toBeCloseTo(4 ** (1 / 64), 4);
  });

  it('is never below |A v|^2 / |v|^2, and within n^(1/64) of its largest value', () => {
    fc.assert(
      fc.property(
        size,
        size,
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
        fc.integer({ min: 1, max: 1e6 }),
        (rows, columns, scale, seed) => {
          tf.tidy(() => {
            const a = tf.randomNormal([rows, columns], 0, 1, 'float32', seed) as tf.Tensor2D;
            const bound = spectralBound(tf.mul(a, scale)).dataSync()[0]! / scale ** 2;
            let v = tf.randomNormal([1, columns], 0, 1, 'float32', seed + 1) as tf.Tensor2D;
            let largest = 0;
            for (let i = 0; i < 200; i++) {
              const next = tf.matMul(tf.matMul(v, a, false, true), a) as tf.Tensor2D;
              largest = tf.norm(next).dataSync()[0]! / tf.norm(v).dataSync()[0]!;
              v = tf.div(next, tf.norm(next)) as tf.Tensor2D;
            }
            expect(bound).toBeGreaterThan(largest * (1 - 1e-4));
            expect(bound).toBeLessThan(largest * Math.min(rows, columns) ** (1 / 64) * (1 + 1e-2));
          });
        },
      ),
      { numRuns: 20 },
    );
  });

  it('is 0 for zeros', () => {
    expect(spectralBound(tf.zeros([3, 2])).dataSync()[0]).toBe(0);
  });
});
