import type { Constraint } from '@amr/attacks';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { normal, rowsOf, values } from './models.js';

/**
 * Declares the tests that every constraint on an input has to pass: the clean input satisfies it and stays as it is, its
 * result for any perturbation satisfies it, rows don't depend on one another, nothing leaks.
 * @param make clean inputs with two rows or more
 * @param options whether it may move an entry further than any was to go
 */
export function describeConstraint(
  rule: Constraint,
  make: (seed: number) => tf.Tensor,
  { widens = false }: { widens?: boolean } = {},
): void {
  const perturb = (clean: tf.Tensor, size: number) =>
    tf.tidy(() => tf.add(clean, normal(clean.shape, 7, size)));

  it('leaves the clean input, which satisfies it, exactly as it is', () => {
    const clean = make(1);
    expect(values(rule.apply(clean, clean))).toEqual(values(clean));
    expect(values(rule.holds!(clean, clean))).toEqual(Array(clean.shape[0]).fill(1));
  });

  it.each([1e-6, 0.01, 0.3])('makes any perturbation of size %d satisfy it', (size) => {
    const clean = make(2);
    const obeying = rule.apply(perturb(clean, size), clean);
    expect(obeying.shape).toEqual(clean.shape);
    expect(values(rule.holds!(obeying, clean))).toEqual(Array(clean.shape[0]).fill(1));
  });

  it.skipIf(widens)('moves no entry further than the largest change of the perturbation', () => {
    const clean = make(3);
    const perturbed = perturb(clean, 0.02);
    const largest = (x: tf.Tensor) => rowsOf(tf.sub(x, clean)).map((row) => Math.max(...row.map(Math.abs)));
    const before = largest(perturbed);
    // A millionth of 3 m is what float32 may add.
    for (const [row, after] of largest(rule.apply(perturbed, clean)).entries()) {
      expect(after).toBeLessThan(before[row]! + 1e-6);
      expect(after).toBeGreaterThan(0.05 * before[row]!);
    }
  });

  it('distinguishes rows that satisfy it from others, and treats each alone as in a batch', () => {
    const clean = make(4);
    const perturbed = perturb(clean, 0.02);
    const obeying = rule.apply(perturbed, clean);
    const rows = clean.shape[0]!;
    const pick = (x: tf.Tensor, row: number) => tf.slice(x, row, 1);
    for (let row = 0; row < rows; row++) {
      const alone = rule.apply(pick(perturbed, row), pick(clean, row));
      const batch = values(pick(obeying, row));
      for (const [i, value] of values(alone).entries())
        expect(Math.abs(value - batch[i]!)).toBeLessThan(1e-6);
    }
    const mixed = tf.concat([pick(obeying, 0), tf.slice(perturbed, 1)]);
    expect(values(rule.holds!(mixed, clean))).toEqual([1, ...Array(rows - 1).fill(0)]);
  });

  it('leaks nothing', () => {
    const clean = make(5);
    const perturbed = perturb(clean, 0.02);
    const before = tf.memory().numTensors;
    rule.apply(perturbed, clean).dispose();
    rule.holds!(perturbed, clean).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
}
