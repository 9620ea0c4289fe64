import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { normal, values } from '../attacks/models.js';

/**
 * Expects the gradient of a function with one value per row to give the slopes along random directions that central
 * differences give. Those are off by rounding, about 1e-7 |f| / step, and by step^2 times the third derivative: for
 * smooth functions of order 1 in all by less than a hundredth of the steepest slope.
 */
export function expectSlopes(f: (x: tf.Tensor) => tf.Tensor1D, x: tf.Tensor, step = 1e-2): void {
  for (const seed of [1, 2, 3]) {
    const [slopes, differences] = tf.tidy(() => {
      const way = normal(x.shape, seed);
      const gradient = tf.grad((point) => f(point))(x);
      const at = (t: number) => f(tf.add(x, tf.mul(way, t)));
      const perRow = tf.reshape(tf.mul(gradient, way), [x.shape[0]!, -1]);
      return [values(tf.sum(perRow, 1)), values(tf.div(tf.sub(at(step), at(-step)), 2 * step))];
    });
    const steepest = Math.max(...differences.map(Math.abs));
    expect(steepest).toBeGreaterThan(1e-3);
    slopes.forEach((slope, row) => {
      expect(Math.abs(slope - differences[row]!)).toBeLessThan(0.01 * steepest);
    });
  }
}
