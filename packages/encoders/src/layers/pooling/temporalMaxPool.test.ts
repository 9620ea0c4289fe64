import { reloaded } from '@amr/testing/networks/reloaded';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { input, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TemporalMaxPool } from './temporalMaxPool.js';

const random = (shape: number[], seed: number, mean = 0) => tf.randomNormal(shape, mean, 1, 'float32', seed);

describe('TemporalMaxPool', () => {
  it('is the maximum of a window of frames, without the padding', () => {
    const sizes = fc.record({
      frames: fc.integer({ min: 1, max: 9 }),
      kernelSize: fc.constantFrom(1, 3, 5),
      stride: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(sizes, fc.nat(1e6), ({ frames, kernelSize, stride }, seed) => {
        tf.tidy(() => {
          const layer = new TemporalMaxPool({ kernelSize, stride });
          const x = random([2, 1, frames, 2, 3], seed, -9) as tf.Tensor5D; // below 0, where padding could win
          const y = layer.apply(x) as tf.Tensor5D;
          expect(layer.computeOutputShape([null, 1, frames, 2, 3]).slice(1)).toEqual(y.shape.slice(1));
          const [given, got] = [x.arraySync(), y.arraySync()];
          for (const [b, [body]] of given.entries())
            for (let t = 0; t < y.shape[2]; t++)
              for (let v = 0; v < 2; v++)
                for (let c = 0; c < 3; c++) {
                  const start = t * stride - (kernelSize - 1) / 2;
                  const window = body!.slice(Math.max(start, 0), start + kernelSize);
                  expect(got[b]![0]![t]![v]![c]).toBe(Math.max(...window.map((frame) => frame[v]![c]!)));
                }
        });
      }),
      { numRuns: 30 },
    );
  });

  it.each([1, 2])(
    'has the gradient of finite differences with stride %i, and leaves no tensor behind',
    (stride) => {
      // biome-ignore format: a table
      const layer = new TemporalMaxPool({ stride });
      const x = random([1, 2, 5, 3, 2], 1);
      const before = tf.memory().numTensors;
      expectGradientsOfDifferences((z) => layer.apply(z) as tf.Tensor, [x], { step: 1e-3 });
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it('gives the gradient of equal values to the first, as PyTorch does', () => {
    const gradient = tf.grad((x) => new TemporalMaxPool().apply(x) as tf.Tensor)(tf.ones([1, 1, 4, 1, 1]));
    expect([...gradient.dataSync()]).toEqual([2, 1, 1, 0]);
  });

  it('keeps its config and its outputs through a saved model', async () => {
    const x = input({ shape: [1, 6, 3, 2] });
    const config = { kernelSize: 5, stride: 2 };
    const outputs = new TemporalMaxPool({ ...config, name: 'pool' }).apply(x) as SymbolicTensor;
    const original = model({ inputs: x, outputs });
    const copy = await reloaded(original);
    expect(copy.getLayer('pool').getConfig()).toMatchObject(config);
    const batch = random([2, 1, 6, 3, 2], 2);
    expect((copy.predict(batch) as tf.Tensor).dataSync()).toEqual(
      (original.predict(batch) as tf.Tensor).dataSync(),
    );
  });

  it('refuses an even window', () => {
    expect(() => new TemporalMaxPool({ kernelSize: 2 })).toThrow(
      /^TemporalMaxPool\.kernelSize: got 2; expected an odd/,
    );
  });
});
