import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { values } from '@amr/testing/attacks/models';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AttackInputError, AttackOptionsError } from '../errors.js';
import { type AttackLoss, type LossInputs, maximisedLossOf } from './attackLoss.js';
import { crossEntropyLoss, logOdds } from './crossEntropy.js';
import { dlrLoss, targetedDlrLoss } from './dlr.js';
import { marginLoss } from './margin.js';

/** The arguments of a loss for a classifier without inner values. */
const seen = (logits: tf.Tensor2D, labels: tf.Tensor1D, targets?: tf.Tensor1D): LossInputs => ({
  logits,
  labels,
  targets,
  inputs: {},
  clean: {},
  observed: {},
  observedClean: {},
});

/** The losses in double precision, of one row. */
const exact = {
  'cross-entropy': (z: number[], y: number) => Math.log(sum(z.map((v) => Math.exp(v - z[y]!)))),
  'log-odds': (z: number[], y: number) => Math.log(sum(others(z, y).map((v) => Math.exp(v - z[y]!)))),
  margin: (z: number[], y: number) => Math.max(...others(z, y)) - z[y]!,
  dlr: (z: number[], y: number) => {
    const sorted = [...z].sort((a, b) => b - a);
    return -(z[y]! - Math.max(...others(z, y))) / (sorted[0]! - sorted[2]! + 1e-12);
  },
  'targeted dlr': (z: number[], y: number) => {
    const sorted = [...z].sort((a, b) => b - a);
    return -(z[y]! - z[targetOf(z, y)]!) / (sorted[0]! - (sorted[2]! + sorted[3]!) / 2 + 1e-12);
  },
};
const sum = (v: number[]) => v.reduce((a, b) => a + b, 0);
const others = (z: number[], y: number) => z.filter((_, i) => i !== y);
const targetOf = (z: number[], y: number) => (y + 1) % z.length;

type Loss = (logits: tf.Tensor2D, labels: tf.Tensor1D) => tf.Tensor1D;
const losses: Record<keyof typeof exact, Loss> = {
  'cross-entropy': crossEntropyLoss,
  'log-odds': logOdds,
  margin: marginLoss,
  dlr: dlrLoss,
  'targeted dlr': (logits, labels) => {
    const classes = logits.shape[1];
    return tf.tidy(() => targetedDlrLoss(logits, labels, tf.mod(tf.add(labels, 1), classes)));
  },
};
const names = Object.keys(exact) as (keyof typeof exact)[];

/** Logits whose order no finite difference changes, and labels. */
const rows = fc
  .record({
    classes: fc.integer({ min: 4, max: 7 }),
    batch: fc.integer({ min: 1, max: 4 }),
    seed: fc.nat(10_000),
  })
  .map(({ classes, batch, seed }) => {
    const draws = values(tf.randomUniform([batch, classes], 0, 1, 'float32', seed));
    const logits = Array.from({ length: batch }, (_, row) => {
      const part = draws.slice(row * classes, (row + 1) * classes);
      const order = [...part].sort((a, b) => a - b);
      return part.map((v) => 0.7 * order.indexOf(v) + 0.3 * v - 1.5);
    });
    return { logits, labels: logits.map((_, row) => (seed + row) % classes) };
  });

describe.each(names)('%s', (name) => {
  const loss = losses[name];

  it('equals its definition, and its gradient finite differences of it', () => {
    fc.assert(
      fc.property(rows, ({ logits, labels }) => {
        const z = tf.tensor2d(logits);
        const y = tf.tensor1d(labels, 'int32');
        const { value, grad } = tf.valueAndGrad((x: tf.Tensor2D) => loss(x, y))(z);
        const gradient = grad.arraySync();
        for (const [row, got] of values(value).entries()) {
          expect(got).toBeCloseTo(exact[name](logits[row]!, labels[row]!), 5);
          for (const i of logits[row]!.keys()) {
            const at = (h: number) =>
              exact[name](
                logits[row]!.map((v, k) => (k === i ? v + h : v)),
                labels[row]!,
              );
            expect(gradient[row]![i]).toBeCloseTo((at(1e-6) - at(-1e-6)) / 2e-6, 4);
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  it('leaks nothing', () => {
    const z = tf.tensor2d([[1, 2, 3, 4]]);
    const y = tf.tensor1d([2], 'int32');
    const before = tf.memory().numTensors;
    tf.tidy(() => tf.grad((x) => loss(x as tf.Tensor2D, y))(z)).dispose();
    loss(z, y).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('gives a finite gradient where logits are equal', () => {
    const y = tf.tensor1d([1], 'int32');
    const gradient = tf.grad((x) => loss(x as tf.Tensor2D, y))(tf.tensor2d([[2, 2, 2, 2, 2]]));
    expect(values(gradient).every(Number.isFinite)).toBe(true);
  });
});

describe('a saturated softmax', () => {
  const z = tf.tensor2d([[80, 0, 1]]);
  const y = tf.tensor1d([0], 'int32');

  it('does not change the gradient of cross-entropy, to relative precision', () => {
    const gradient = values(tf.grad((x) => crossEntropyLoss(x as tf.Tensor2D, y))(z));
    const expected = [-(Math.exp(-80) + Math.exp(-79)), Math.exp(-80), Math.exp(-79)];
    gradient.forEach((got, i) => {
      expect(got / expected[i]!).toBeCloseTo(1, 4);
    });
  });

  it('does not change the gradient that attacks follow', () => {
    const { compute, report } = maximisedLossOf('cross-entropy');
    const certain = tf.tensor2d([[1e6, 0, 1]]);
    const gradient = values(tf.grad((x) => compute(seen(x as tf.Tensor2D, y)))(certain));
    expect(gradient[0]).toBe(-1);
    expect(gradient[1]! / gradient[2]!).toBeCloseTo(Math.exp(-1), 5);
    const reported = report(compute(seen(tf.tensor2d([[1, 2, 0.5]]), y)), false);
    expect(values(reported)[0]).toBeCloseTo(exact['cross-entropy']([1, 2, 0.5], 0), 5);
  });
});

describe('maximised losses', () => {
  it('of an observed loss are its values', () => {
    const loss: AttackLoss = {
      name: 'sum',
      observed: ['features'],
      compute: ({ logits, observed }) => tf.add(tf.sum(logits, 1), tf.sum(observed.features!, 1)),
    };
    const { compute, observed } = maximisedLossOf(loss);
    expect(observed).toEqual(['features']);
    const given = { ...seen(z, labels), observed: { features: tf.tensor2d([[1, 2]]) } };
    expect(values(compute(given))[0]).toBeCloseTo(1.8 + 3, 6);
    const scalar = maximisedLossOf({
      ...loss,
      compute: ({ logits }) => tf.sum(logits) as unknown as tf.Tensor1D,
    });
    expect(() => scalar.compute(given)).toThrow(
      /^The loss 'sum': got a tensor of shape \[\]; expected one value per sample, of shape \[.*\]\. Sum or average/,
    );
    expect(() => maximisedLossOf({} as AttackLoss)).toThrow(AttackOptionsError);
  });

  const z = tf.tensor2d([[0.3, 2, -1, 0.5]]);
  const labels = tf.tensor1d([1], 'int32');
  const targets = tf.tensor1d([3], 'int32');

  it.each([
    ['cross-entropy' as const, -exact['cross-entropy']([0.3, 2, -1, 0.5], 3)],
    ['cw' as const, -exact.margin([0.3, 2, -1, 0.5], 3)],
    ['dlr' as const, -(2 - 0.5) / (2 - (0.3 - 1) / 2)],
    [(logits: tf.Tensor2D) => tf.max(logits, 1) as tf.Tensor1D, -2],
  ])('with targets are higher for a prediction nearer to them: %s', (loss, expected) => {
    const { compute, report } = maximisedLossOf(loss);
    expect(values(report(compute(seen(z, labels, targets)), true))[0]).toBeCloseTo(expected, 5);
  });

  it('refuse a loss that is not per sample, and dlr with three classes', () => {
    const mean = maximisedLossOf((logits) => tf.mean(logits) as unknown as tf.Tensor1D);
    expect(() => mean.compute(seen(z, labels))).toThrow(/a tensor of shape \[\].*shape \[1\]/);
    expect(() => dlrLoss(tf.tensor2d([[1, 2, 3]]), labels)).toThrow(AttackInputError);
    expect(() => targetedDlrLoss(tf.tensor2d([[1, 2, 3]]), labels, targets)).toThrow(
      /^logits: got a tensor of shape \[1, 3\]; expected four classes or more/,
    );
  });
});
