import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { normal, rowsOf, values } from '@amr/testing/attacks/models';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cosineSimilarity } from './cosineSimilarity.js';

const dot = (a: number[], b: number[]) => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
const exact = (a: number[], b: number[]) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));

describe('cosineSimilarity', () => {
  it('equals its definition at any scale, and its gradient finite differences of it', () => {
    const pairs = fc.record({
      rows: fc.integer({ min: 1, max: 3 }),
      channels: fc.integer({ min: 2, max: 6 }),
      scale: fc.constantFrom(1e-6, 1, 1e6),
      seed: fc.nat(10_000),
    });
    fc.assert(
      fc.property(pairs, ({ rows, channels, scale, seed }) => {
        const a = normal([rows, channels], seed, scale);
        const b = normal([rows, channels], seed + 1);
        const others = rowsOf(b);
        const got = values(cosineSimilarity(a, b));
        const gradient = rowsOf(tf.grad((x) => cosineSimilarity(x, b))(a));
        for (const [row, vector] of rowsOf(a).entries()) {
          expect(got[row]).toBeCloseTo(exact(vector, others[row]!), 5);
          for (const i of vector.keys()) {
            const at = (h: number) =>
              exact(
                vector.map((v, k) => (k === i ? v + h * scale : v)),
                others[row]!,
              );
            // The slope per unit of the scale: entries near 0 make it at most a few units steep.
            expect(gradient[row]![i]! * scale).toBeCloseTo((at(1e-5) - at(-1e-5)) / 2e-5, 3);
          }
        }
      }),
      { numRuns: 25 },
    );
  });

  it('is 0 with gradient 0 for vectors of zeros, on either side', () => {
    const zero = tf.zeros([1, 3]);
    const one = tf.ones([1, 3]);
    const [a, b] = tf.grads((x, y) => cosineSimilarity(x!, y!))([zero, one]);
    expect(values(cosineSimilarity(zero, one))).toEqual([0]);
    expect([...values(a!), ...values(b!)]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('works along the last axis of any rank, and leaks nothing', () => {
    const a = normal([2, 3, 4], 1);
    const before = tf.memory().numTensors;
    const similarity = cosineSimilarity(a, a);
    expect(tf.memory().numTensors - before).toBe(1);
    expect(similarity.shape).toEqual([2, 3]);
    for (const value of values(similarity)) expect(value).toBeCloseTo(1, 6);
  });
});
