import * as tf from '@tensorflow/tfjs-core';
import type { layers } from '@tensorflow/tfjs-layers';
import { expect } from 'vitest';

/** Compares the gradient of f at each of xs, along a random direction, with the central difference. */
export function expectGradientsOfDifferences(
  f: (...xs: tf.Tensor[]) => tf.Tensor,
  xs: tf.Tensor[],
  { step = 1e-2, tolerance = 0.02, seed = 1 } = {},
): void {
  tf.tidy(() => {
    const along = tf.randomNormal(f(...xs).shape, 0, 1, 'float32', seed);
    const objective = (...at: tf.Tensor[]) => tf.sum(tf.mul(f(...at), along)) as tf.Scalar;
    const gradients = tf.grads(objective)(xs);
    for (const [i, x] of xs.entries()) {
      const direction = tf.randomNormal(x.shape, 0, 1, 'float32', seed + i + 1);
      const unit = tf.div(direction, tf.norm(direction));
      const at = (sign: number) =>
        objective(
          ...xs.map((one, j) => (i === j ? tf.add(one, tf.mul(unit, sign * step)) : one)),
        ).dataSync()[0]!;
      const slope = (at(1) - at(-1)) / (2 * step);
      const predicted = tf.sum(tf.mul(gradients[i]!, unit)).dataSync()[0]!;
      const scale = Math.max(1, Math.abs(slope));
      expect(
        Math.abs(predicted - slope) / scale,
        `input ${i}: gradient ${predicted}, slope ${slope}`,
      ).toBeLessThan(tolerance);
    }
  });
}

/** Compares the gradient of a layer's outputs at x for each of its weights, along a random direction, with the difference. */
export function expectWeightGradientsOfDifferences(layer: layers.Layer, x: tf.Tensor): void {
  const step = 5e-3;
  tf.tidy(() => {
    // sin, so that biases and the like, whose sum would be linear, have slopes that depend on all weights.
    const objective = () => tf.sum(tf.sin(layer.apply(x) as tf.Tensor)) as tf.Scalar;
    const { grads } = tf.variableGrads(objective);
    const weights = layer.getWeights().map((weight) => tf.clone(weight));
    for (const [i, { name }] of layer.trainableWeights.entries()) {
      const direction = tf.randomNormal(weights[i]!.shape, 0, 1, 'float32', 7 + i);
      const at = (sign: number) => {
        layer.setWeights(weights.map((w, j) => (i === j ? tf.add(w, tf.mul(direction, sign * step)) : w)));
        return objective().dataSync()[0]!;
      };
      const slope = (at(1) - at(-1)) / (2 * step);
      layer.setWeights(weights);
      expect(tf.sum(tf.mul(grads[name]!, direction)).dataSync()[0], name).toBeCloseTo(slope, 1);
    }
  });
}
