import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crossEntropy } from '../losses/crossEntropy.js';
import { orthonormalColumns } from '../math/orthonormalColumns.js';
import { OrthogonalFusion, type OrthogonalFusionConfig } from './orthogonalFusion.js';

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

/** Logits and evidence. */
const outputsOf = (layer: OrthogonalFusion, features: tf.Tensor[]) =>
  [layer.apply(features)].flat() as [tf.Tensor2D, tf.Tensor3D];

describe('OrthogonalFusion', () => {
  it('computes the formula', () => {
    const layer = new OrthogonalFusion({ classes: 2, returnWeights: true });
    const rgb = tf.tensor3d([[[1, 2, 5], [3, 6, 7]]]); // biome-ignore format: means [2, 4, 6]
    const skeleton = tf.tensor2d([[10, 5]]);
    layer.apply([rgb, skeleton]);
    layer.setWeights([
      tf.tensor2d([
        [0, 7],
        [7, 0],
        [0, 0],
      ]), // of columns at a right angle, 7 times too long // biome-ignore format: a matrix
      tf.tensor2d([[0.6, -0.8], [0.8, 0.6]]), // biome-ignore format: a matrix
      tf.tensor2d([[2, 1], [-1, 0.5]]), // biome-ignore format: factors
      tf.tensor1d([0.5, 0]),
    ]);
    const [logits, evidence] = outputsOf(layer, [rgb, skeleton]);
    expect([...evidence.dataSync()]).toEqual([4, 2, 10, -5].map((value) => expect.closeTo(value, 4)));
    expect([...logits.dataSync()]).toEqual([8 - 10 + 0.5, 2 - 2.5].map((value) => expect.closeTo(value, 4)));
    const { factors, bias } = layer.integration();
    expect([...factors.dataSync()]).toEqual([2, 1, -1, 0.5]);
    expect([...bias.dataSync()]).toEqual([0.5, 0]);
  });

  it('starts with orthonormal class weights, also square ones, and equal factors', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 8 }), fc.integer({ min: 1, max: 1e6 }), (classes, seed) => {
        tf.tidy(() => {
          const layer = new OrthogonalFusion({ classes, initialFactor: 0.25, seed });
          layer.apply([random([2, classes], 1), random([2, 4, classes + 5], 2)]);
          const [square, tall, factors] = layer.getWeights() as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
          for (const kernel of [square, tall]) {
            const gram = tf.matMul(kernel, kernel, true, false);
            expect(tf.max(tf.abs(tf.sub(gram, tf.eye(classes)))).dataSync()[0]).toBeLessThan(1e-5);
          }
          expect([...factors.dataSync()]).toEqual(new Array(2 * classes).fill(0.25));
        });
      }),
      { numRuns: 20 },
    );
  });

  it('gives evidence whose norm over the classes is at most that of the feature', () => {
    const layer = new OrthogonalFusion({ classes: 3, returnWeights: true, seed: 1 });
    const features = [random([20, 3], 1), random([20, 7], 2)];
    const [, evidence] = outputsOf(layer, features);
    const lengths = tf.norm(evidence, 2, 2); // [batch, modalities]
    const [square, tall] = features.map((x) => tf.norm(x, 2, 1));
    const [first, second] = tf.unstack(lengths, 1);
    expect(tf.max(tf.abs(tf.sub(first!, square!))).dataSync()[0]).toBeLessThan(1e-5); // 3 classes of 3 channels: equal
    expect(tf.max(tf.sub(second!, tall!)).dataSync()[0]).toBeLessThan(0);
  });

  it('trains, and its class weights stay orthonormal', () => {
    const labels = tf.tensor1d(
      Array.from({ length: 24 }, (_, i) => i % 3),
      'int32',
    );
    const classesOf = tf.cast(tf.oneHot(labels, 3), 'float32');
    const features = [4, 6].map((channels, m) => {
      const centres = random([3, channels], 10 + m) as tf.Tensor2D;
      return tf.add(
        tf.matMul(classesOf as tf.Tensor2D, centres),
        tf.mul(random([24, channels], 20 + m), 0.5),
      );
    });
    const layer = new OrthogonalFusion({ classes: 3, initialFactor: 1, seed: 4 });
    const loss = () => tf.mean(crossEntropy(layer.apply(features) as tf.Tensor2D, labels)) as tf.Scalar;
    const first = loss().dataSync()[0]!;
    const optimizer = tf.train.adam(0.05);
    for (let i = 0; i < 40; i++) optimizer.minimize(loss);
    expect(loss().dataSync()[0]).toBeLessThan(first / 3);
    for (const kernel of layer.getWeights().slice(0, 2) as tf.Tensor2D[]) {
      const columns = orthonormalColumns(kernel);
      const gram = tf.matMul(columns, columns, true, false);
      expect(tf.max(tf.abs(tf.sub(gram, tf.eye(3)))).dataSync()[0]).toBeLessThan(1e-5);
    }
  });

  it('counts the products of the evidence', () => {
    const layer = new OrthogonalFusion({ classes: 10 });
    expect(layer.multiplyAdds([[null, 4, 16], [null, 12]])).toBe(280); // biome-ignore format: two shapes
  });

  it('refuses options and features that it cannot use, and names them', () => {
    const refused = (config: OrthogonalFusionConfig) => () => new OrthogonalFusion(config);
    expect(refused({ classes: 1 })).toThrow(
      /^OrthogonalFusion\.classes: got 1; expected a whole number from 2/,
    );
    expect(refused({ classes: 2.5 })).toThrow(/classes: got 2\.5;/);
    expect(refused({ classes: 2, initialFactor: 0 })).toThrow(/initialFactor: got 0;/);
    const layer = new OrthogonalFusion({ classes: 5 });
    expect(() => layer.integration()).toThrow(
      /integration: got a layer without weights; .*Apply the layer first/,
    );
    expect(() => layer.apply([random([2, 8], 1), random([2, 4], 2)])).toThrow(
      /8 and 4 channels for 5 classes; expected at least 5.*dense layer/,
    );
  });
});
