import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatedMultimodalUnit } from './gatedMultimodalUnit.js';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
/** Means [2, 4], [0.5] and [-1]. */
const rgb = tf.tensor3d([[[1, 2], [3, 6]]]); // biome-ignore format: a matrix
const skeleton = tf.tensor2d([[0.5]]);
const inertial = tf.tensor2d([[-1]]);

describe('GatedMultimodalUnit', () => {
  it('ties the gates of two modalities', () => {
    const layer = new GatedMultimodalUnit({ units: 2, returnWeights: true });
    layer.apply([rgb, skeleton]);
    layer.setWeights([
      tf.tensor2d([[0.5, 0], [0, 0.25]]), // biome-ignore format: a matrix
      tf.tensor2d([[1, -2]]),
      tf.tensor2d([[1, 0], [0, 0.5], [-2, 2]]), // biome-ignore format: a matrix
    ]);
    const [fused, gates] = [layer.apply([rgb, skeleton])].flat();
    const h = [[Math.tanh(1), Math.tanh(1)], [Math.tanh(0.5), Math.tanh(-1)]] as const; // biome-ignore format: a matrix
    const z = [sigmoid(2 - 1), sigmoid(2 + 1)] as const;
    const expected = [0, 1].map((i) => z[i]! * h[0][i]! + (1 - z[i]!) * h[1][i]!);
    expect([...fused!.dataSync()]).toEqual(expected.map((value) => expect.closeTo(value, 6)));
    expect([...gates!.dataSync()]).toEqual(
      [...z, ...z.map((value) => 1 - value)].map((value) => expect.closeTo(value, 6)),
    );
  });

  it('has a separate gate for each of three modalities', () => {
    const layer = new GatedMultimodalUnit({ units: 1, returnWeights: true });
    const inputs = [rgb, skeleton, inertial];
    layer.apply(inputs);
    layer.setWeights([
      tf.tensor2d([[0.5], [0]]),
      tf.tensor2d([[1]]),
      tf.tensor2d([[2]]),
      tf.tensor2d([[1], [0], [0], [0]]), // z_1 = sigmoid(2)
      tf.tensor2d([[0], [1], [0], [5]]), // z_2 = sigmoid(4 - 5)
      tf.tensor2d([[0], [0], [8], [0]]), // z_3 = sigmoid(4)
    ]);
    const [fused, gates] = [layer.apply(inputs)].flat();
    const z = [sigmoid(2), sigmoid(-1), sigmoid(4)] as const;
    const expected = z[0] * Math.tanh(1) + z[1] * Math.tanh(0.5) + z[2] * Math.tanh(-2);
    expect(fused!.dataSync()[0]).toBeCloseTo(expected, 6);
    expect([...gates!.dataSync()]).toEqual(z.map((value) => expect.closeTo(value, 6)));
  });

  it('lies between the two modalities that it mixes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 1, max: 5 }), (seed, units) => {
        tf.tidy(() => {
          const a = tf.randomNormal([3, 2, 4], 0, 2, 'float32', seed);
          const b = tf.randomNormal([3, 2], 0, 2, 'float32', seed + 1);
          const layer = new GatedMultimodalUnit({ units, seed });
          const fused = layer.apply([a, b]);
          const [first, second] = layer.getWeights() as [tf.Tensor2D, tf.Tensor2D];
          const h1 = tf.tanh(tf.matMul(tf.mean(a, 1) as tf.Tensor2D, first));
          const h2 = tf.tanh(tf.matMul(b as tf.Tensor2D, second));
          const below = tf.sub(tf.minimum(h1, h2), fused);
          const above = tf.sub(fused, tf.maximum(h1, h2));
          expect(tf.max(tf.maximum(below, above)).dataSync()[0]).toBeLessThan(1e-6);
        });
      }),
      { numRuns: 20 },
    );
  });

  it('counts one gate for two modalities, and one for each of more', () => {
    const layer = new GatedMultimodalUnit({ units: 10 });
    expect(layer.multiplyAdds([[null, 2, 16], [null, 12]])).toBe(28 * 10 + 28 * 10); // biome-ignore format: two shapes
    expect(layer.multiplyAdds([[null, 16], [null, 12], [null, 4]])).toBe(32 * 10 + 3 * 32 * 10); // biome-ignore format: three shapes
  });

  it('refuses units that are not a whole number', () => {
    for (const units of [0, -1, 2.5]) {
      expect(() => new GatedMultimodalUnit({ units })).toThrow(`GatedMultimodalUnit.units: got ${units};`);
    }
    expect(() => new GatedMultimodalUnit(undefined as never)).toThrow(
      /^GatedMultimodalUnit: got undefined; expected an object/,
    );
  });
});
