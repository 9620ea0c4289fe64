import { perturbWeights, reloaded } from '@amr/testing/networks/reloaded';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { input, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SqueezeExcitation, squeezedWidth } from './squeezeExcitation.js';

const random = (shape: number[], seed = 1) => tf.randomNormal(shape, 0, 1, 'float32', seed);

/** A layer built for `channels`, with weights that have an effect. */
function jolted(channels: number, ratio = 0.5): SqueezeExcitation {
  const layer = new SqueezeExcitation({ ratio, seed: 1 });
  layer.build([null, channels]);
  perturbWeights(layer);
  return layer;
}

describe('SqueezeExcitation', () => {
  it('scales each channel by the sigmoid of a small network on the means', () => {
    const layer = new SqueezeExcitation({ ratio: 1 });
    const x = tf.tensor([[[1, -2], [3, 0]]]); // biome-ignore format: positions
    layer.build(x.shape);
    // The means are 2 and -1. Of eight hidden values only the first two have weights.
    const hidden = (values: number[]) => [...values, 0, 0, 0, 0, 0, 0];
    layer.setWeights([
      tf.tensor2d([hidden([1, 0]), hidden([0, 1])]),
      tf.tensor1d(hidden([0.5, 0])), // relu(2.5), relu(-1)
      tf.tensor2d([[0.2, -0.4], [5, 5], ...Array(6).fill([0, 0])]), // biome-ignore format: rows
      tf.tensor1d([0.1, 0]),
    ]);
    const gate = (logit: number) => 1 / (1 + Math.exp(-logit));
    const [a, b] = [gate(0.2 * 2.5 + 0.1), gate(-0.4 * 2.5)];
    expect([...(layer.apply(x) as tf.Tensor).dataSync()]).toEqual(
      [a, -2 * b, 3 * a, 0].map((value) => expect.closeTo(value, 6)),
    );
  });

  it('rounds the hidden width as X3D does: a multiple of 8, at least nine tenths of the exact width', () => {
    expect([24, 54, 108, 216, 432].map((channels) => squeezedWidth(channels, 1 / 16))).toEqual([
      8, 8, 8, 16, 32,
    ]);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.double({ min: 0.01, max: 2, noNaN: true }),
        (channels, ratio) => {
          const width = squeezedWidth(channels, ratio);
          expect(width % 8).toBe(0);
          expect(width).toBeGreaterThanOrEqual(Math.max(8, 0.9 * channels * ratio));
          expect(width).toBeLessThan(channels * ratio + 12);
        },
      ),
    );
  });

  it('never makes values larger, at any rank and batch', () => {
    const layer = jolted(3);
    for (const shape of [
      [2, 3],
      [1, 4, 3],
      [3, 2, 4, 4, 3],
    ]) {
      const x = random(shape);
      const y = layer.apply(x) as tf.Tensor;
      expect(y.shape).toEqual(shape);
      expect(tf.all(tf.lessEqual(tf.abs(y), tf.abs(x))).dataSync()[0]).toBe(1);
    }
  });

  it('has the input gradient of finite differences, and gradients for all weights', () => {
    const layer = jolted(3);
    const x = random([2, 2, 3, 3, 3]);
    expectGradientsOfDifferences((z) => layer.apply(z) as tf.Tensor, [x]);
    const weights = layer.trainableWeights.map((weight) => weight.read() as unknown as tf.Variable);
    const { grads } = tf.variableGrads(() => tf.sum(layer.apply(x) as tf.Tensor) as tf.Scalar, weights);
    for (const { name } of weights) expect(tf.max(tf.abs(grads[name]!)).dataSync()[0]).toBeGreaterThan(0);
    expect(weights).toHaveLength(4);
  });

  it('keeps its config and its outputs through a saved model', async () => {
    const x = input({ shape: [2, 3, 3, 4] });
    const layer = new SqueezeExcitation({ ratio: 0.25, seed: 4, name: 'gate' });
    const original = model({ inputs: x, outputs: layer.apply(x) as SymbolicTensor });
    perturbWeights(original);
    const copy = await reloaded(original);
    expect(copy.getLayer('gate').getConfig()).toMatchObject({ ratio: 0.25, seed: 4 });
    const batch = random([2, 2, 3, 3, 4]);
    const y = original.predict(batch) as tf.Tensor;
    expect(y.shape.slice(1)).toEqual(original.outputShape.slice(1));
    expect((copy.predict(batch) as tf.Tensor).dataSync()).toEqual(y.dataSync());
  });

  it('leaves no tensor behind', () => {
    const layer = jolted(3);
    const x = random([2, 4, 3]);
    const before = tf.memory().numTensors;
    tf.dispose(layer.apply(x) as tf.Tensor);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('counts its two products', () => {
    expect(new SqueezeExcitation().multiplyAdds([null, 4, 8, 8, 216])).toBe(2 * 216 * 16);
  });

  it('refuses a ratio that is not above 0', () => {
    expect(() => new SqueezeExcitation({ ratio: 0 })).toThrow(
      /^SqueezeExcitation\.ratio: got 0; expected a finite number above 0/,
    );
  });
});
