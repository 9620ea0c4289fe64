import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OrthogonalFusion } from '../fusion/orthogonalFusion.js';
import { certifiedRadius } from './certifiedRadius.js';
import { orthonormalColumns } from './orthonormalColumns.js';

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

/** A layer with random factors and biases, the features of some samples, and the layer's outputs for them. */
function fused(classes: number, channels: number[], seed: number) {
  const layer = new OrthogonalFusion({ classes, returnWeights: true, seed });
  const features = channels.map((count, m) => random([4, count], seed + m));
  layer.apply(features);
  const weights = layer.getWeights();
  layer.setWeights([
    ...weights.slice(0, -2),
    random([channels.length, classes], seed + 10),
    random([classes], seed + 11),
  ]);
  const outputs = (given: tf.Tensor[]) => [layer.apply(given)].flat() as [tf.Tensor2D, tf.Tensor3D];
  const [logits, evidence] = outputs(features);
  const classesOf = (given: tf.Tensor[]) => [...tf.argMax(outputs(given)[0], 1).dataSync()];
  return { layer, features, logits, evidence, classesOf };
}

const networks = fc.record({
  classes: fc.integer({ min: 2, max: 4 }),
  extra: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 2, maxLength: 3 }),
  seed: fc.integer({ min: 1, max: 1e6 }),
});

describe('certifiedRadius', () => {
  const evidence = tf.tensor3d([[[3, 1, 2], [1, 2, 0]]]); // biome-ignore format: modalities by classes
  const factors = tf.tensor2d([[2, 1, 2], [1, 2, -4]]); // biome-ignore format: modalities by classes
  const bias = tf.tensor1d([0, -0.5, 1]);
  // logits 7, 4.5 and 5; squared slopes of class 0 against 1: 4 + 1 + 1 + 4, against 2: 4 + 4 + 1 + 16
  const given = { evidence, factors, bias };

  it('is the smallest margin over its slope, not the margin of the runner-up', () => {
    expect(certifiedRadius(given).dataSync()[0]).toBeCloseTo(2 / 5, 6);
    const tied = { ...given, bias: tf.tensor1d([0, 2, 1]) };
    expect(certifiedRadius(tied).dataSync()[0]).toBeCloseTo(0, 6);
    // Margins 1 and 1.5: class 1 is the runner-up, at 1 / sqrt(10), and class 2 the nearer one.
    const nearer = { ...given, bias: tf.tensor1d([0, 1, 1.5]) };
    expect(certifiedRadius(nearer).dataSync()[0]).toBeCloseTo(1.5 / 5, 6);
  });

  it('takes labels, and is negative where another class is predicted', () => {
    const of = (label: number) =>
      certifiedRadius({ ...given, labels: tf.tensor1d([label], 'int32') }).dataSync()[0];
    expect(of(0)).toBeCloseTo(0.4, 6);
    // against 0: -2.5 / sqrt(10), against 2: -0.5 / sqrt(1 + 4 + 4 + 16)
    expect(of(1)).toBeCloseTo(-2.5 / Math.sqrt(10), 6);
    expect(of(2)).toBeCloseTo(-0.4, 6);
  });

  it('takes Lipschitz constants of encoders, and of each class as published', () => {
    const radius = (lipschitz: (number | number[])[]) =>
      certifiedRadius({ ...given, lipschitz }).dataSync()[0];
    expect(radius([2, 2])).toBeCloseTo(0.2, 6);
    // only the first modality may change: squared slopes 4 + 1 and 4 + 4
    expect(radius([1, 0])).toBeCloseTo(Math.min(2.5 / Math.sqrt(5), 2 / Math.sqrt(8)), 6);
    expect(radius([0, 0])).toBeGreaterThan(1e6);
    // against 1: (2 * 1 + 1 * 2)^2 + (1 * 3 + 2 * 1)^2, against 2: (2 * 1 + 2 * 2)^2 + (1 * 3 + 4 * 1)^2
    const published = radius([
      [1, 2, 2],
      [3, 1, 1],
    ]);
    expect(published).toBeCloseTo(Math.min(2.5 / Math.sqrt(16 + 25), 2 / Math.sqrt(36 + 49)), 6);
  });

  it('is a radius within which no change of the features changes the class', () => {
    fc.assert(
      fc.property(networks, fc.double({ min: 0, max: 0.999, noNaN: true }), (net, share) => {
        tf.tidy(() => {
          const channels = net.extra.map((extra) => net.classes + extra);
          const { layer, features, evidence, logits, classesOf } = fused(net.classes, channels, net.seed);
          const radius = certifiedRadius({ evidence, ...layer.integration() });
          const before = [...tf.argMax(logits, 1).dataSync()];
          // Random directions, and for each class the steepest ones towards it.
          const directions = [0, 1, 2].map((i) =>
            features.map((x, m) => random(x.shape, net.seed + 100 + 10 * i + m)),
          );
          for (let k = 0; k < net.classes; k++) {
            const own = tf.oneHot(tf.argMax(logits, 1), net.classes);
            const gap = (...xs: tf.Tensor[]) => {
              const [moved] = [layer.apply(xs)].flat() as [tf.Tensor2D];
              return tf.sub(
                tf.sum(tf.slice(moved, [0, k], [-1, 1])),
                tf.sum(tf.mul(moved, own)),
              ) as tf.Scalar;
            };
            directions.push(tf.grads(gap)(features));
          }
          for (const direction of directions) {
            const length = tf.sqrt(tf.addN(direction.map((d) => tf.sum(tf.square(d), 1))));
            const scale = tf.reshape(tf.div(tf.mul(radius, share), tf.maximum(length, 1e-12)), [-1, 1]);
            const moved = features.map((x, m) => tf.add(x, tf.mul(direction[m]!, scale)));
            expect(classesOf(moved)).toEqual(before);
          }
        });
      }),
      { numRuns: 40 },
    );
  });

  it('is tight: the steepest change that is a little longer than the radius changes the class', () => {
    fc.assert(
      fc.property(networks, (net) => {
        tf.tidy(() => {
          const channels = net.extra.map((extra) => net.classes + extra);
          const { layer, features, evidence, logits, classesOf } = fused(net.classes, channels, net.seed);
          const { factors, bias } = layer.integration();
          const radius = certifiedRadius({ evidence, factors, bias }).dataSync();
          const before = [...tf.argMax(logits, 1).dataSync()];
          const columns = layer.getWeights().slice(0, channels.length) as tf.Tensor2D[];
          const a = factors.arraySync();
          const flipped = before.map(() => false);
          for (let k = 0; k < net.classes; k++) {
            // delta_m along a_k W~_k - a_y W~_y, for each sample's own y
            const direction = columns.map((kernel, m) => {
              const weights = tf.mul(orthonormalColumns(kernel), tf.tensor1d(a[m]!)); // [C, classes]
              const rows = tf.transpose(weights);
              return tf.sub(tf.slice(rows, [k, 0], [1, -1]), tf.gather(rows, tf.tensor1d(before, 'int32')));
            });
            const length = tf.sqrt(tf.addN(direction.map((d) => tf.sum(tf.square(d), 1))));
            const scale = tf.reshape(
              tf.div(tf.tensor1d([...radius].map((r) => 1.001 * r + 1e-4)), tf.maximum(length, 1e-12)),
              [-1, 1],
            );
            const after = classesOf(features.map((x, m) => tf.add(x, tf.mul(direction[m]!, scale))));
            for (const [i, label] of after.entries()) flipped[i] ||= label !== before[i];
          }
          expect(flipped).toEqual(before.map(() => true));
        });
      }),
      { numRuns: 25 },
    );
  });

  it('is larger than the published bound, which does not use the orthogonality', () => {
    fc.assert(
      fc.property(networks, (net) => {
        tf.tidy(() => {
          const channels = net.extra.map((extra) => net.classes + extra);
          const { layer, evidence } = fused(net.classes, channels, net.seed);
          const ones = channels.map(() => new Array<number>(net.classes).fill(1));
          const published = certifiedRadius({ evidence, ...layer.integration(), lipschitz: ones });
          const ours = certifiedRadius({ evidence, ...layer.integration() });
          expect(tf.min(tf.sub(ours, published)).dataSync()[0]).toBeGreaterThanOrEqual(0);
          expect(tf.max(tf.sub(ours, tf.mul(published, Math.SQRT2))).dataSync()[0]).toBeLessThan(1e-5);
        });
      }),
      { numRuns: 15 },
    );
  });

  it('has the gradients of finite differences, and training the factors increases it', () => {
    const { layer, evidence: seen } = fused(3, [4, 5], 7);
    const { factors: a, bias: b } = layer.integration();
    const labels = tf.tensor1d([0, 1, 2, 0], 'int32');
    for (const options of [{}, { labels }, { labels, lipschitz: [[1, 2, 3], 0.5] }]) {
      expectGradientsOfDifferences(
        (e, f, c) =>
          certifiedRadius({
            evidence: e as tf.Tensor3D,
            factors: f as tf.Tensor2D,
            bias: c as tf.Tensor1D,
            ...options,
          }),
        [seen, tf.clone(a), tf.clone(b)],
        { step: 1e-3 },
      );
    }
    const factorsOnly = layer.trainableWeights
      .filter(({ originalName }) => originalName.endsWith('factors'))
      .map((weight) => weight.read() as tf.Variable);
    expect(factorsOnly).toHaveLength(1);
    const loss = () =>
      tf.neg(tf.mean(certifiedRadius({ evidence: seen, ...layer.integration(), labels }))) as tf.Scalar;
    const before = loss().dataSync()[0]!;
    const optimizer = tf.train.sgd(0.05);
    for (let i = 0; i < 20; i++) optimizer.minimize(loss, false, factorsOnly);
    expect(loss().dataSync()[0]).toBeLessThan(before - 0.05);
  });

  it('refuses shapes and options that do not fit, and leaves one tensor', () => {
    expect(() => certifiedRadius({ ...given, factors: tf.zeros([3, 2]) })).toThrow(/factors of \[3, 2\]/);
    expect(() => certifiedRadius({ ...given, labels: tf.tensor1d([0, 1], 'int32') })).toThrow(
      /labels of \[2\]/,
    );
    expect(() => certifiedRadius({ ...given, lipschitz: [1] })).toThrow(
      /certifiedRadius\.lipschitz: got \[1\]; expected 2/,
    );
    expect(() => certifiedRadius({ ...given, lipschitz: [1, [1, 2]] })).toThrow(/3 of them/);
    expect(() => certifiedRadius({ ...given, lipschitz: [1, -1] })).toThrow(/lipschitz: got \[1, -1\]/);
    expect(() => certifiedRadius({ ...given, lipshitz: [1, 1] } as typeof given)).toThrow(
      /certifiedRadius\.lipshitz: got an unknown option; expected lipschitz/,
    );
    const before = tf.memory().numTensors;
    certifiedRadius(given);
    expect(tf.memory().numTensors).toBe(before + 1);
  });
});
