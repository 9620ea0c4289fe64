import { reloaded } from '@amr/testing/networks/reloaded';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { input, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PaddedMaxPool3D } from '../pooling/paddedMaxPool3D.js';
import { PaddedConv3D, type Size3 } from './paddedConv3D.js';

/** One value per window: `combine` gets the window's inputs at output channel o, null where there is padding. */
function windows(
  x: number[][][][][],
  kernel: Size3,
  strides: Size3,
  padding: Size3,
  combine: (window: { value: number[] | null; at: Size3 }[]) => number[],
): number[] {
  const sizes = [x[0]!.length, x[0]![0]!.length, x[0]![0]![0]!.length];
  const [T, H, W] = sizes.map(
    (size, i) => Math.floor((size + 2 * padding[i]! - kernel[i]!) / strides[i]!) + 1,
  );
  const out: number[] = [];
  for (const clip of x)
    for (let t = 0; t < T!; t++)
      for (let h = 0; h < H!; h++)
        for (let w = 0; w < W!; w++) {
          const window = [];
          for (let i = 0; i < kernel[0]; i++)
            for (let j = 0; j < kernel[1]; j++)
              for (let k = 0; k < kernel[2]; k++) {
                const [a, b, c] = [t, h, w].map((o, n) => o * strides[n]! - padding[n]! + [i, j, k][n]!);
                window.push({ value: clip[a!]?.[b!]?.[c!] ?? null, at: [i, j, k] as Size3 });
              }
          out.push(...combine(window));
        }
  return out;
}

const size3 = (min: number, max: number) =>
  fc.tuple(
    fc.integer({ min, max }),
    fc.integer({ min, max }),
    fc.integer({ min, max }),
  ) as fc.Arbitrary<Size3>;

describe('PaddedConv3D', () => {
  it('is the evenly padded sum over windows, for any kernel and stride', () => {
    const odd = size3(0, 1).map((half) => half.map((h) => 2 * h + 1) as Size3);
    fc.assert(
      fc.property(size3(2, 5), odd, size3(1, 3), (sizes, kernelSize, strides) => {
        tf.tidy(() => {
          const layer = new PaddedConv3D({ filters: 2, kernelSize, strides, seed: 5 });
          const x = tf.randomNormal([2, ...sizes, 2], 0, 1, 'float32', 1) as tf.Tensor5D;
          const y = layer.apply(x) as tf.Tensor;
          expect(y.shape).toEqual(layer.computeOutputShape(x.shape));
          const kernel = layer.getWeights()[0]!.arraySync() as number[][][][][];
          const padding = kernelSize.map((size) => (size - 1) / 2) as Size3;
          const expected = windows(x.arraySync(), kernelSize, strides, padding, (window) =>
            [0, 1].map((o) =>
              window.reduce(
                (sum, { value, at: [i, j, k] }) =>
                  sum + (value ?? []).reduce((inner, v, c) => inner + v * kernel[i]![j]![k]![c]![o]!, 0),
                0,
              ),
            ),
          );
          expect([...y.dataSync()]).toEqual(expected.map((v) => expect.closeTo(v, 3)));
        });
      }),
      { numRuns: 20 },
    );
  });

  it('has the gradient of finite differences', () => {
    const layer = new PaddedConv3D({ filters: 2, kernelSize: [3, 3, 3], strides: [1, 2, 2], seed: 1 });
    const x = tf.randomNormal([1, 3, 4, 4, 2], 0, 1, 'float32', 1);
    expectGradientsOfDifferences((z) => layer.apply(z) as tf.Tensor, [x]);
  });

  it('counts a product per weight and position', () => {
    const layer = new PaddedConv3D({ filters: 5, kernelSize: [3, 1, 1], strides: [1, 2, 2] });
    const shape = [null, 4, 8, 8, 6];
    expect(layer.multiplyAdds(shape, layer.computeOutputShape(shape))).toBe(4 * 4 * 4 * 5 * 6 * 3);
  });

  it('refuses a clip that is smaller than its kernel, and names the smallest that fits', () => {
    const layer = new PaddedConv3D({ filters: 2, kernelSize: [3, 5, 1], padding: [1, 1, 0], name: 'conv' });
    expect(layer.computeOutputShape([null, 1, 3, 1, 1])).toEqual([null, 1, 1, 1, 2]);
    expect(() => layer.computeOutputShape([null, 1, 2, 1, 1])).toThrow(
      /^conv: got an input of height 2 for a window of 5 and padding of 1; expected 3 or more/,
    );
  });

  it('keeps its config and its outputs through a saved model', async () => {
    const x = input({ shape: [4, 6, 6, 1] });
    const size = (...sizes: Size3) => sizes;
    const config = {
      filters: 3,
      kernelSize: size(3, 1, 5),
      strides: size(1, 2, 2),
      padding: size(0, 0, 1),
      seed: 4,
    };
    const pooling = { kernelSize: size(2, 3, 3), strides: size(1, 2, 1), padding: size(0, 1, 1) };
    const conv = new PaddedConv3D({ ...config, name: 'conv' });
    const pool = new PaddedMaxPool3D({ ...pooling, name: 'pool' });
    const original = model({ inputs: x, outputs: pool.apply(conv.apply(x)) as SymbolicTensor });
    const copy = await reloaded(original);
    expect(copy.getLayer('conv').getConfig()).toMatchObject(config);
    expect(copy.getLayer('pool').getConfig()).toMatchObject(pooling);
    const batch = tf.randomNormal([2, 4, 6, 6, 1]);
    const y = original.predict(batch) as tf.Tensor;
    expect(y.shape.slice(1)).toEqual(original.outputShape.slice(1));
    expect((copy.predict(batch) as tf.Tensor).dataSync()).toEqual(y.dataSync());
  });
});
