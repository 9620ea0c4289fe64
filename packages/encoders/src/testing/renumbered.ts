import * as tf from '@tensorflow/tfjs-core';
import type { layers } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { expect } from 'vitest';
import { jolt } from './reloaded.js';

/**
 * A graph convolution doesn't depend on how the joints are numbered: with joints, graph and the weight `edges` in
 * another order, its outputs are in that order.
 */
export function expectSameWhenRenumbered(
  build: (adjacency: number[][][]) => layers.Layer,
  adjacency: number[][][],
): void {
  const joints = adjacency[0]!.map((_, joint) => joint);
  fc.assert(
    fc.property(fc.shuffledSubarray(joints, { minLength: joints.length }), fc.nat(1000), (order, seed) =>
      tf.tidy(() => {
        const x = tf.randomNormal([2, 1, 3, joints.length, 3], 0, 1, 'float32', seed);
        const reordered = (tensor: tf.Tensor, ...axes: number[]) =>
          axes.reduce((given, axis) => tf.gather(given, tf.tensor1d(order, 'int32'), axis), tensor);
        const original = build(adjacency);
        const other = build(adjacency.map((matrix) => order.map((v) => order.map((w) => matrix[v]![w]!))));
        for (const layer of [original, other]) layer.build(x.shape);
        jolt(original, seed);
        other.setWeights(
          original.weights.map((weight) => {
            const value = weight.read();
            return weight.originalName === 'edges' ? reordered(value, 1, 2) : value;
          }),
        );
        const expected = reordered(original.apply(x) as tf.Tensor, 3);
        const furthest = tf.max(tf.abs(tf.sub(other.apply(reordered(x, 3)) as tf.Tensor, expected)));
        expect(furthest.dataSync()[0]).toBeLessThan(1e-4);
      }),
    ),
    { seed: 1, numRuns: 15 },
  );
}
