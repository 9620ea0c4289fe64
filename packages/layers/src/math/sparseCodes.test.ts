import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers the gradients
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sparseCodes } from './sparseCodes.js';
import { spectralBound } from './spectralBound.js';

const random = (shape: [number, number], seed: number) =>
  tf.randomNormal<tf.Rank.R2>(shape, 0, 1, 'float32', seed);
const rateOf = (dictionary: tf.Tensor) =>
  tf.reshape(tf.div(1, spectralBound(dictionary)), [1]) as tf.Tensor1D;

describe('sparseCodes', () => {
  it('shrinks the coordinates in an orthonormal dictionary', () => {
    const dictionary = tf.tensor2d([[0.6, 0.8], [-0.8, 0.6]]); // biome-ignore format: a matrix
    const x = tf.tensor2d([
      [3, 4],
      [-0.8, 0.6],
      [0.06, 0.08],
    ]); // coordinates [5, 0], [0, 1], [0.1, 0]
    const codes = sparseCodes(x, dictionary, tf.tensor1d([1]), {
      sparsity: 0.25,
      steps: 1,
    });
    expect([...codes.dataSync()]).toEqual([4.75, 0, 0, 0.75, 0, 0].map((code) => expect.closeTo(code, 6)));
  });

  it('meets the optimality conditions after many steps', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 6 }),
        fc.double({ min: 0.05, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 1e6 }),
        (slots, channels, sparsity, seed) => {
          tf.tidy(() => {
            const dictionary = random([slots, channels], seed);
            const x = random([2, channels], seed + 1);
            const codes = sparseCodes(x, dictionary, rateOf(dictionary), { sparsity, steps: 800 });
            // 0 in the subdifferential: D (x - D^T h) = sparsity * sign(h) where h isn't 0, no larger elsewhere.
            const residual = tf.sub(x, tf.matMul(codes, dictionary)) as tf.Tensor2D;
            const correlations = tf.matMul(residual, dictionary, false, true).dataSync();
            for (const [i, code] of codes.dataSync().entries()) {
              if (Math.abs(code) > 1e-2) {
                expect(correlations[i]).toBeCloseTo(sparsity * Math.sign(code), 2);
              } else expect(Math.abs(correlations[i]!)).toBeLessThan(sparsity + 5e-3);
            }
          });
        },
      ),
      { numRuns: 6 },
    );
  });

  it('is nearer to the optimum after 50 steps than ISTA is', () => {
    const dictionary = tf.abs(random([24, 6], 1)); // features after relu: all point into one corner
    const x = tf.abs(random([3, 6], 2));
    const sparsity = 0.05;
    const rate = rateOf(dictionary);
    const objective = (codes: tf.Tensor2D) =>
      tf
        .add(
          tf.mul(tf.sum(tf.squaredDifference(tf.matMul(codes, dictionary), x)), 0.5),
          tf.mul(tf.sum(tf.abs(codes)), sparsity),
        )
        .dataSync()[0]!;
    let plain = tf.zeros([3, 24]) as tf.Tensor2D;
    for (let i = 0; i < 50; i++) {
      plain = tf.tidy(() => {
        const residual = tf.sub(tf.matMul(plain, dictionary), x) as tf.Tensor2D;
        const moved = tf.sub(plain, tf.mul(tf.matMul(residual, dictionary, false, true), rate));
        const shrunk = tf.relu(tf.sub(tf.abs(moved), tf.mul(rate, sparsity)));
        return tf.mul(tf.sign(moved), shrunk) as tf.Tensor2D;
      });
    }
    const best = objective(sparseCodes(x, dictionary, rate, { sparsity, steps: 1000 }));
    const fast = objective(sparseCodes(x, dictionary, rate, { sparsity, steps: 50 }));
    expect(fast - best).toBeLessThan((objective(plain) - best) / 3);
    expect(fast - best).toBeLessThan(0.1 * best);
    expect(best).toBeGreaterThan(0);
  });

  it('has the gradients of finite differences through all steps', () => {
    const dictionary = random([4, 3], 3);
    const rate = rateOf(dictionary);
    for (const steps of [1, 2, 20]) {
      const codes = (x: tf.Tensor) =>
        sparseCodes(x as tf.Tensor2D, dictionary, rate, { sparsity: 0.1, steps });
      expectGradientsOfDifferences(codes, [random([2, 3], 4)], { step: 1e-3 });
    }
  });

  it('is 0 for empty rows, and everywhere at rate 0', () => {
    const dictionary = tf.concat([random([2, 3], 5), tf.zeros([2, 3])]) as tf.Tensor2D;
    const x = random([4, 3], 6);
    const codes = sparseCodes(x, dictionary, rateOf(dictionary), { sparsity: 0.01, steps: 30 });
    expect([...tf.slice(codes, [0, 2]).dataSync()]).toEqual(new Array(8).fill(0));
    expect(tf.max(tf.abs(codes)).dataSync()[0]).toBeGreaterThan(0);
    const still = sparseCodes(x, dictionary, tf.zeros([1]), { sparsity: 0.01, steps: 30 });
    expect(tf.max(tf.abs(still)).dataSync()[0]).toBe(0);
  });
});
