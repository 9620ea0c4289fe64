import * as tf from '@tensorflow/tfjs-core';
// tfjs-core alone has no gradients: tfjs-layers registers them, also for programs that import '@amr/layers'.
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amrLoss } from './amrLoss.js';
import { crossEntropy } from './crossEntropy.js';

const finite = fc.double({ min: -20, max: 20, noNaN: true });
const cases = fc.integer({ min: 2, max: 5 }).chain((classes) =>
  fc.record({
    logits: fc.array(fc.array(finite, { minLength: classes, maxLength: classes }), {
      minLength: 1,
      maxLength: 4,
    }),
    label: fc.integer({ min: 0, max: classes - 1 }),
    labelSmoothing: fc.double({ min: 0, max: 0.9, noNaN: true }),
  }),
);

/** -sum of targets * log softmax, in double precision. */
function reference(row: number[], label: number, labelSmoothing: number): number {
  const largest = Math.max(...row);
  const logSum = largest + Math.log(row.reduce((sum, z) => sum + Math.exp(z - largest), 0));
  return row.reduce((sum, z, i) => {
    const target = (i === label ? 1 - labelSmoothing : 0) + labelSmoothing / row.length;
    return sum - target * (z - logSum);
  }, 0);
}

describe('crossEntropy', () => {
  it('is the cross-entropy of each sample, smoothed or not', () => {
    fc.assert(
      fc.property(cases, ({ logits, label, labelSmoothing }) => {
        tf.tidy(() => {
          const labels = tf.fill([logits.length], label, 'int32') as tf.Tensor1D;
          const loss = crossEntropy(tf.tensor2d(logits), labels, { labelSmoothing });
          const expected = logits.map((row) => reference(row, label, labelSmoothing));
          expect([...loss.dataSync()]).toEqual(expected.map((value) => expect.closeTo(value, 3)));
        });
      }),
      { numRuns: 30 },
    );
  });

  it('keeps its value and its gradient where a softmax saturates', () => {
    const logits = tf.tensor2d([[0, 500, -500]]);
    const labels = tf.tensor1d([0], 'int32');
    expect(crossEntropy(logits, labels).dataSync()[0]).toBe(500);
    const gradient = tf.grad((z) => crossEntropy(z as tf.Tensor2D, labels))(logits);
    expect([...gradient.dataSync()]).toEqual([-1, 1, 0]);
  });

  it('has softmax minus target as its gradient, whatever else is in the batch', () => {
    const logits = tf.randomNormal([3, 4], 0, 1, 'float32', 1) as tf.Tensor2D;
    const labels = tf.tensor1d([3, 0, 1], 'int32');
    const gradient = tf.grad((z) => crossEntropy(z as tf.Tensor2D, labels, { labelSmoothing: 0.2 }))(logits);
    const target = tf.add(tf.mul(tf.oneHot(labels, 4), 0.8), 0.05);
    const expected = tf.sub(tf.softmax(logits), target).dataSync();
    expect([...gradient.dataSync()]).toEqual([...expected].map((value) => expect.closeTo(value, 5)));
  });

  it('refuses shapes that do not match', () => {
    const logits = tf.zeros([2, 3]) as tf.Tensor2D;
    expect(() => crossEntropy(logits, tf.tensor1d([0, 1, 2], 'int32'))).toThrow(/\[2, 3\].*\[3\]/);
    expect(() => crossEntropy(logits, tf.tensor1d([0, 1], 'int32'), { labelSmoothing: 1 })).toThrow(
      /^crossEntropy\.labelSmoothing: got 1; expected a number in \[0, 1\)/,
    );
    expect(() => crossEntropy(logits, tf.tensor1d([0, 1], 'int32'), { smoothing: 0.1 } as object)).toThrow(
      /^crossEntropy\.smoothing: got an unknown option; expected .*labelSmoothing/,
    );
  });
});

describe('amrLoss', () => {
  const random = (seed: number) => tf.randomNormal([4, 3], 0, 1, 'float32', seed) as tf.Tensor2D;
  const labels = () => tf.tensor1d([0, 2, 1, 1], 'int32');
  const mean = (logits: tf.Tensor2D) => tf.mean(crossEntropy(logits, labels())).dataSync()[0]!;

  it('adds lambda times each auxiliary loss to the fused one', () => {
    const given = { logits: random(1), auxiliary: [random(2), random(3)], labels: labels() };
    const parts = [1, 2, 3].map((seed) => mean(random(seed))) as [number, number, number];
    expect(amrLoss(given).dataSync()[0]).toBeCloseTo(parts[0] + parts[1] + parts[2], 5);
    expect(amrLoss({ ...given, lambda: 0.25 }).dataSync()[0]).toBeCloseTo(
      parts[0] + 0.25 * (parts[1] + parts[2]),
      5,
    );
    expect(amrLoss({ ...given, lambda: 0 }).dataSync()[0]).toBeCloseTo(parts[0], 5);
    expect(amrLoss({ ...given, auxiliary: [] }).dataSync()[0]).toBeCloseTo(parts[0], 5);
  });

  it('refuses a negative lambda and unknown options, and leaves one tensor', () => {
    const given = { logits: random(1), auxiliary: [random(2)], labels: labels() };
    expect(() => amrLoss({ ...given, lambda: -1 })).toThrow(/^amrLoss\.lambda: got -1;/);
    expect(() => amrLoss({ ...given, lamda: 1 } as typeof given)).toThrow(
      /^amrLoss\.lamda: got an unknown option; expected lambda/,
    );
    const short = [tf.zeros([2, 3]) as tf.Tensor2D];
    expect(() => amrLoss({ ...given, auxiliary: short, lambda: 0 })).toThrow(/\[2, 3\].*\[4\]/);
    const before = tf.memory().numTensors;
    amrLoss(given);
    expect(tf.memory().numTensors).toBe(before + 1);
  });
});
