import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers the gradients
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orthonormalColumns } from './orthonormalColumns.js';

const random = (shape: [number, number], seed: number) =>
  tf.randomNormal<tf.Rank.R2>(shape, 0, 1, 'float32', seed);

/** The largest entry of W^T W - I. */
function deviation(columns: tf.Tensor2D): number {
  const gram = tf.matMul(columns, columns, true, false);
  return tf.max(tf.abs(tf.sub(gram, tf.eye(columns.shape[1])))).dataSync()[0]!;
}

describe('orthonormalColumns', () => {
  it('is the polar factor', () => {
    // W = Q S with Q orthonormal and S symmetric and positive.
    const q = tf.tensor2d([[0.6, 0], [0.8, 0], [0, -1]]); // biome-ignore format: a matrix
    const s = tf.tensor2d([[3, 1], [1, 2]]); // biome-ignore format: a matrix
    const found = orthonormalColumns(tf.matMul(q, s) as tf.Tensor2D);
    expect([...found.dataSync()]).toEqual([0.6, 0, 0.8, 0, 0, -1].map((value) => expect.closeTo(value, 5)));
  });

  it('is orthonormal to float precision for any scale, and for singular values over three decades', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: -6, max: 6 }),
        fc.double({ min: 0, max: 3, noNaN: true }),
        fc.integer({ min: 1, max: 1e6 }),
        (columns, extra, exponent, decades, seed) => {
          tf.tidy(() => {
            // Random rotations on both sides, and singular values from 1 down to 10^-decades.
            const left = orthonormalColumns(orthonormalColumns(random([columns + extra, columns], seed)));
            const right = orthonormalColumns(orthonormalColumns(random([columns, columns], seed + 1)));
            fc.pre(deviation(left) < 1e-4 && deviation(right) < 1e-4);
            const values = tf.pow(10, tf.linspace(0, columns > 1 ? -decades : 0, columns));
            const matrix = tf.mul(tf.matMul(tf.mul(left, values), right), 10 ** exponent);
            expect(deviation(orthonormalColumns(matrix as tf.Tensor2D))).toBeLessThan(1e-5);
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('has the gradients of finite differences', () => {
    expectGradientsOfDifferences((w) => orthonormalColumns(w as tf.Tensor2D), [random([5, 3], 1)]);
    expectGradientsOfDifferences((w) => orthonormalColumns(w as tf.Tensor2D), [tf.eye(4, 3)]);
  });

  it('leaves one tensor', () => {
    const matrix = random([5, 3], 2);
    const before = tf.memory().numTensors;
    orthonormalColumns(matrix);
    expect(tf.memory().numTensors).toBe(before + 1);
  });
});
