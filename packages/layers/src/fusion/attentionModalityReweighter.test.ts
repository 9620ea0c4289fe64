import * as tf from '@tensorflow/tfjs-core';
import { input, type layers } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AttentionModalityReweighter,
  type AttentionModalityReweighterConfig,
} from './attentionModalityReweighter.js';

const granularities = ['modality', 'channel'] as const;

/** Gives every weight a random value, so that the layer is not the identity. */
function randomizeWeights(layer: layers.Layer, seed: number): void {
  layer.setWeights(layer.getWeights().map((w, i) => tf.randomNormal(w.shape, 0, 1, 'float32', seed + i)));
}

/** Shapes of two to four modalities with any ranks and the same batch size. */
const shapes = fc.integer({ min: 1, max: 3 }).chain((batch) =>
  fc.array(
    fc
      .array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 })
      .map((sizes) => [batch, ...sizes]),
    { minLength: 2, maxLength: 4 },
  ),
);
const features = (given: number[][], seed: number) =>
  given.map((shape, i) => tf.randomNormal(shape, 0, 1, 'float32', seed + 100 * i));

describe('AttentionModalityReweighter', () => {
  it.each<{ config: AttentionModalityReweighterConfig; weights?: number[] }>([
    { config: {} },
    { config: { granularity: 'channel' } },
    { config: { returnWeights: true }, weights: [3] },
    { config: { granularity: 'channel', returnWeights: true }, weights: [5 + 3 + 7] },
  ])('keeps symbolic shapes: $config', ({ config, weights }) => {
    const inputs = [[4, 6, 6, 5], [null, 3], [7]].map((shape) => input({ shape }));
    const outputs = new AttentionModalityReweighter(config).apply(inputs);
    expect(outputs.map((output) => output.shape)).toEqual([
      ...inputs.map((one) => one.shape),
      ...(weights ? [[null, ...weights]] : []),
    ]);
  });

  it.each(granularities)('is exactly the identity when it is inserted: %s', (granularity) => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 0, max: 1e6 }), (given, seed) => {
        tf.tidy(() => {
          const inputs = features(given, seed);
          const outputs = new AttentionModalityReweighter({ granularity }).apply(inputs);
          for (const [i, output] of outputs.entries()) {
            expect(output.shape).toEqual(given[i]);
            expect(output.dataSync()).toEqual(inputs[i]!.dataSync());
          }
        });
      }),
      { numRuns: 25 },
    );
  });

  it('computes the modality formula', () => {
    const layer = new AttentionModalityReweighter({
      reductionRatio: 1.5,
      temperature: 2,
      returnWeights: true,
    });
    // s = [mean(1, 3), mean(2, 6), 5] = [2, 4, 5]
    const rgb = tf.tensor3d([[[1, 2], [3, 6]]]); // biome-ignore format: a matrix
    const skeleton = tf.tensor2d([[5]]);
    layer.apply([rgb, skeleton]);
    layer.setWeights([
      tf.tensor2d([[1, 0], [0, 1], [-1, 1]]), // biome-ignore format: a matrix
      tf.tensor1d([4, -8]), // z = relu([2 - 5 + 4, 4 + 5 - 8]) = [1, 1]
      tf.tensor2d([[1, 0], [1, 2]]), // biome-ignore format: a matrix
      tf.tensor1d([0.5, 0]), // logits [2.5, 2], halved by the temperature
    ]);
    const [first, second, weights] = layer.apply([rgb, skeleton]) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const share = 1 / (1 + Math.exp(-0.25));
    const expected = [[1, 2], [3, 6]].flat().map((value) => 2 * share * value); // biome-ignore format: a matrix
    expect([...first.dataSync()]).toEqual(expected.map((value) => expect.closeTo(value, 5)));
    expect(second.dataSync()[0]).toBeCloseTo(2 * (1 - share) * 5, 5);
    expect(weights.dataSync()[0]).toBeCloseTo(share, 6);
  });

  it('computes the channel formula', () => {
    const layer = new AttentionModalityReweighter({ granularity: 'channel', reductionRatio: 3 });
    const rgb = tf.tensor3d([[[1, 2], [3, 6]]]); // biome-ignore format: a matrix
    const skeleton = tf.tensor2d([[5]]);
    layer.apply([rgb, skeleton]);
    layer.setWeights([
      tf.tensor2d([[1], [1], [1]]),
      tf.tensor1d([-10]), // z = relu(11 - 10) = 1
      tf.tensor2d([[1, -1]]),
      tf.tensor2d([[0.5]]),
    ]);
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const [first, second] = layer.apply([rgb, skeleton]) as [tf.Tensor, tf.Tensor];
    const scale = [2 * sigmoid(1), 2 * sigmoid(-1)] as const;
    expect([...first.dataSync()]).toEqual(
      [scale[0], 2 * scale[1], 3 * scale[0], 6 * scale[1]].map((value) => expect.closeTo(value, 5)),
    );
    expect(second.dataSync()[0]).toBeCloseTo(2 * sigmoid(0.5) * 5, 5);
  });

  it('gives weights that are positive and sum to one', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 0, max: 1e6 }), (given, seed) => {
        tf.tidy(() => {
          const inputs = features(given, seed);
          const layer = new AttentionModalityReweighter({ returnWeights: true });
          layer.build(given);
          randomizeWeights(layer, seed);
          const weights = layer.apply(inputs).at(-1)!;
          expect(weights.shape).toEqual([given[0]![0], given.length]);
          expect(tf.min(weights).dataSync()[0]).toBeGreaterThanOrEqual(0);
          for (const sum of tf.sum(weights, 1).dataSync()) expect(sum).toBeCloseTo(1, 5);
        });
      }),
      { numRuns: 20 },
    );
  });

  it('permutes its outputs when the modalities and the weights are permuted', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        tf.tidy(() => {
          const [a, b] = features([[2, 3, 4], [2, 5]], seed) as [tf.Tensor, tf.Tensor]; // biome-ignore format: two shapes
          const layer = new AttentionModalityReweighter();
          layer.apply([a, b]);
          randomizeWeights(layer, seed);
          const swapped = new AttentionModalityReweighter();
          swapped.apply([b, a]);
          const [w, bias, v, c] = layer.getWeights() as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
          swapped.setWeights([
            tf.concat([tf.slice(w, [4, 0]), tf.slice(w, [0, 0], [4, -1])]),
            bias,
            tf.reverse(v, 1),
            tf.reverse(c, 0),
          ]);
          const [a1, b1] = layer.apply([a, b]) as [tf.Tensor, tf.Tensor];
          const [b2, a2] = swapped.apply([b, a]) as [tf.Tensor, tf.Tensor];
          expect(tf.max(tf.abs(tf.sub(a1, a2))).dataSync()[0]).toBeLessThan(1e-5);
          expect(tf.max(tf.abs(tf.sub(b1, b2))).dataSync()[0]).toBeLessThan(1e-5);
        });
      }),
      { numRuns: 10 },
    );
  });

  it('passes masks through and computes the same in training', () => {
    const layer = new AttentionModalityReweighter({ returnWeights: true });
    const inputs = features([[2, 3, 4], [2, 5]], 1); // biome-ignore format: two shapes
    const mask = tf.tensor2d([[1, 1, 0], [1, 0, 0]], undefined, 'bool'); // biome-ignore format: a matrix
    expect(layer.computeMask(inputs, [mask, null as unknown as tf.Tensor])).toEqual([mask, null, null]);
    expect(layer.apply(inputs, { training: true })[0]!.dataSync()).toEqual(
      layer.apply(inputs)[0]!.dataSync(),
    );
  });

  it('learns which modality to trust', () => {
    const layer = new AttentionModalityReweighter({ seed: 1, returnWeights: true });
    const noise = tf.randomNormal([16, 4], 0, 1, 'float32', 2);
    const target = tf.randomNormal([16, 4], 0, 1, 'float32', 3);
    layer.apply([noise, target]);
    const optimizer = tf.train.adam(0.05);
    const loss = () => {
      const [a, b] = layer.apply([noise, target]) as [tf.Tensor, tf.Tensor];
      return tf.mean(tf.squaredDifference(tf.add(a, b), tf.mul(target, 2))) as tf.Scalar;
    };
    const first = loss().dataSync()[0]!;
    for (let i = 0; i < 30; i++) optimizer.minimize(loss);
    expect(loss().dataSync()[0]).toBeLessThan(first / 4);
    expect(tf.mean(layer.apply([noise, target])[2]!, 0).dataSync()[1]).toBeGreaterThan(0.8);
  });

  it('refuses options and features that it cannot use, and names them', () => {
    expect(() => new AttentionModalityReweighter({ granularity: 'frame' as 'channel' })).toThrow(
      /^AttentionModalityReweighter\.granularity: got 'frame'; expected one of modality, channel/,
    );
    expect(() => new AttentionModalityReweighter({ reductionRatio: 0 })).toThrow(/reductionRatio: got 0;/);
    expect(() => new AttentionModalityReweighter({ temperature: Number.NaN })).toThrow(
      /temperature: got NaN;/,
    );
    expect(() => new AttentionModalityReweighter({ granularity: 'channel', temperature: 2 })).toThrow(
      /temperature: got 2; expected no temperature/,
    );
    const apply = (...given: number[][]) => new AttentionModalityReweighter().apply(features(given, 1));
    expect(() => apply([2, 3])).toThrow(/two or more modalities/);
    expect(() => apply([2, 3], [2])).toThrow(/\[2, 3\] and \[2\].*rank 2/);
    expect(() => apply([2, 3], [3, 3])).toThrow(/same batch size/);
  });
});
