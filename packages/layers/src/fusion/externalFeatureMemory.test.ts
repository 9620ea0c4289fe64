import { reloaded } from '@amr/testing/networks/reloaded';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { channelMeans } from '../math/channelMeans.js';
import { ExternalFeatureMemory, type ExternalFeatureMemoryConfig } from './externalFeatureMemory.js';

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const close = (values: Iterable<number>, digits = 5) =>
  [...values].map((value) => expect.closeTo(value, digits));

/** A memory of two modalities with 3 and 2 channels, filled. */
function remembering(config: ExternalFeatureMemoryConfig = {}, samples = 12) {
  const memory = new ExternalFeatureMemory({ slots: 8, seed: 1, ...config });
  memory.remember([tf.abs(random([samples, 3], 1)), tf.abs(random([samples, 2], 2))]);
  return memory;
}

describe('ExternalFeatureMemory', () => {
  it('is exactly the identity until its banks are filled', async () => {
    const memory = new ExternalFeatureMemory({ slots: 4, steps: 3 });
    expect(await memory.filled()).toBe(false);
    const features = [random([2, 3, 3], 1), random([2, 2], 2)];
    for (const [m, output] of memory.apply(features).entries()) {
      expect(output.dataSync()).toEqual(features[m]!.dataSync());
    }
    expect(await memory.filled()).toBe(false);
    memory.remember([random([5, 3], 3), random([5, 2], 4)]);
    expect(await memory.filled()).toBe(true);
    for (const [m, output] of memory.apply(features).entries()) {
      expect(output.dataSync()).not.toEqual(features[m]!.dataSync());
    }
  });

  it('mixes the features with a sparse combination of its entries', () => {
    const memory = new ExternalFeatureMemory({ slots: 2, sparsity: 0.5, mix: 0.75 });
    // Two orthogonal entries of lengths 5 and 1: with u_i their directions and l_i their lengths, the code
    // is the shrunk coordinate, (x . u_i - sparsity / l_i) / l_i.
    memory.remember([tf.tensor2d([[3, 4, 0], [0.8, -0.6, 0]]), tf.tensor2d([[2, 0], [0, 2]])]); // biome-ignore format: entries
    const [rgb, skeleton] = memory.apply([tf.tensor2d([[6, 8, 10]]), tf.tensor2d([[1, -0.1]])]);
    // 10 along the first entry, shrunk by 0.1 to (9.9 / 5) times it; nothing along the second
    const first = [5.94, 7.92, 0];
    expect([...rgb!.dataSync()]).toEqual(
      close(
        [6, 8, 10].map((x, c) => 0.75 * first[c]! + 0.25 * x),
        4,
      ),
    );
    // 1 shrunk by 0.25; 0.1 is less than that
    expect([...skeleton!.dataSync()]).toEqual(close([0.75 * 0.75 + 0.25, -0.025], 4));
  });

  it('restores the mean of features of higher rank, by the same shift at all positions', () => {
    const memory = remembering({ steps: 10 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
        tf.tidy(() => {
          const maps = [random([2, 4, 2, 3], seed), random([2, 5, 2], seed + 1)];
          const restored = memory.apply(maps);
          const pooled = memory.apply(maps.map(channelMeans));
          for (const [m, map] of maps.entries()) {
            expect([...channelMeans(restored[m]!).dataSync()]).toEqual(close(pooled[m]!.dataSync()));
            const shift = tf.sub(restored[m]!, map);
            const first = tf.slice(shift, new Array(map.rank).fill(0), [
              2,
              ...map.shape.slice(1, -1).map(() => 1),
              -1,
            ]);
            expect(tf.max(tf.abs(tf.sub(shift, first))).dataSync()[0]).toBeLessThan(1e-5);
          }
        });
      }),
      { numRuns: 8 },
    );
  });

  it('removes from a feature what clean features never have', () => {
    // Clean features lie on a plane; an attack leaves it.
    const plane = tf.tensor2d([[1, 0, 1, 0], [0, 1, 0, 1]]); // biome-ignore format: a matrix
    const clean = (seed: number) => tf.matMul(tf.abs(random([20, 2], seed)) as tf.Tensor2D, plane);
    const memory = new ExternalFeatureMemory({ slots: 20, mix: 1, sparsity: 0.01 });
    memory.remember([clean(1), clean(2)]);
    const features = [clean(3), clean(4)];
    const attacked = features.map((x, m) => tf.add(x, tf.mul(random(x.shape, 10 + m), 0.3)));
    const error = (xs: tf.Tensor[]) => xs.map((x, m) => tf.norm(tf.sub(x, features[m]!)).dataSync()[0]!);
    const before = error(attacked);
    const after = error(memory.apply(attacked));
    const untouched = error(memory.apply(features));
    for (const m of [0, 1]) {
      expect(after[m]).toBeLessThan(0.85 * before[m]!); // half of the noise's energy is off the plane
      expect(untouched[m]).toBeLessThan(0.1 * before[m]!);
    }
  });

  it('stores the same samples of each modality, chosen by its seed alone', () => {
    const numbered = [tf.range(1, 21), tf.range(101, 121)].map((x) => tf.reshape(x, [20, 1]));
    const entries = (seed: number) => {
      const memory = new ExternalFeatureMemory({ slots: 6, seed });
      memory.remember(numbered);
      const [rgb, , skeleton] = memory.getWeights().map((w) => [...w.dataSync()]);
      return { rgb: rgb!, skeleton: skeleton! };
    };
    const generator = vi.spyOn(Math, 'random');
    const { rgb, skeleton } = entries(3);
    expect(generator).not.toHaveBeenCalled();
    generator.mockRestore();
    expect(new Set(rgb).size).toBe(6);
    expect(rgb.every((value) => value >= 1 && value <= 20)).toBe(true);
    expect(skeleton).toEqual(rgb.map((value) => value + 100));
    expect(entries(3).rgb).toEqual(rgb);
    expect(entries(4).rgb).not.toEqual(rgb);
  });

  it('stores all samples if there are fewer than slots, and replaces earlier ones', () => {
    const memory = new ExternalFeatureMemory({ slots: 3 });
    memory.remember([tf.tensor2d([[5], [6], [7]]), tf.tensor2d([[1], [2], [3]])]);
    memory.remember([tf.tensor2d([[8], [9]]), tf.tensor2d([[4], [5]])]);
    const [bank] = memory.getWeights();
    expect([...bank!.dataSync()].sort()).toEqual([0, 8, 9]);
  });

  it('does not change a modality whose clean features are all zero', async () => {
    const memory = new ExternalFeatureMemory({ slots: 3 });
    memory.remember([tf.zeros([4, 2]), tf.ones([4, 2])]);
    expect(await memory.filled()).toBe(false);
    const features = [random([2, 2], 1), random([2, 2], 2)];
    const [dead, alive] = memory.apply(features);
    expect(dead!.dataSync()).toEqual(features[0]!.dataSync());
    expect(alive!.dataSync()).not.toEqual(features[1]!.dataSync());
  });

  it('saves and loads its banks, and does not train them', async () => {
    const memory = remembering({ name: 'memory' });
    const inputs = [input({ shape: [3] }), input({ shape: [2] })];
    const original = model({ inputs, outputs: memory.apply(inputs) });
    expect(original.trainableWeights).toEqual([]);
    const copy = await reloaded(original);
    const loaded = copy.getLayer('memory') as ExternalFeatureMemory;
    expect(await loaded.filled()).toBe(true);
    const x = [random([4, 3], 5), random([4, 2], 6)];
    const [before, after] = [original, copy].map((one) =>
      (one.predict(x) as tf.Tensor[]).map((y) => y.dataSync()),
    );
    expect(after).toEqual(before);
    expect(before![0]).not.toEqual(x[0]!.dataSync());
  });

  it('stores the features of the network that contains it', () => {
    const inputs = [input({ shape: [5] }), input({ shape: [2, 4] })];
    const features = [
      layers.dense({ units: 3, activation: 'relu' }).apply(inputs[0]!),
      layers.globalAveragePooling1d({}).apply(layers.dense({ units: 2 }).apply(inputs[1]!)),
    ] as SymbolicTensor[];
    const memory = new ExternalFeatureMemory({ slots: 7 });
    const network = model({ inputs, outputs: memory.apply(features) });
    const x = [random([7, 5], 1), random([7, 2, 4], 2)];
    const before = network.predict(x) as tf.Tensor[];
    // The network in front of the memory, as its documentation says.
    const encoders = model({ inputs: network.inputs, outputs: memory.input as SymbolicTensor[] });
    memory.remember(encoders.predict(x) as tf.Tensor[]);
    const [rgb, , skeleton] = memory.getWeights();
    for (const [m, bank] of [rgb, skeleton].entries()) {
      const sorted = (values: Iterable<number>) => [...values].sort((one, other) => one - other);
      expect(sorted(bank!.dataSync())).toEqual(close(sorted(before[m]!.dataSync())));
    }
    expect((network.predict(x) as tf.Tensor[])[0]!.dataSync()).not.toEqual(before[0]!.dataSync());
  });

  it('gives a white-box attack the gradient through all of its steps', () => {
    const memory = remembering({ steps: 30, mix: 0.9 });
    expectGradientsOfDifferences(
      (a, b) => tf.concat(memory.apply([a, b]), 1),
      [random([3, 3], 7), random([3, 2], 8)],
      { step: 1e-3 },
    );
  });

  it('leaves no tensor behind in remember', () => {
    const memory = remembering();
    const features = [random([9, 2, 3], 1), random([9, 2], 2)];
    const before = tf.memory().numTensors;
    memory.remember(features);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('counts two products a step', () => {
    const memory = new ExternalFeatureMemory({ slots: 8, steps: 3 });
    expect(memory.multiplyAdds([[null, 4, 3], [null, 2]])).toBe(6 * 8 * 5); // biome-ignore format: two shapes
  });

  it('refuses options and features that it cannot use, and names them', () => {
    const refused = (config: ExternalFeatureMemoryConfig) => () => new ExternalFeatureMemory(config);
    expect(refused({ slots: 0 })).toThrow(/^ExternalFeatureMemory\.slots: got 0;/);
    expect(refused({ sparsity: -1 })).toThrow(/sparsity: got -1;/);
    expect(refused({ steps: 1.5 })).toThrow(/steps: got 1\.5;/);
    expect(refused({ mix: 0 })).toThrow(/mix: got 0;/);
    const memory = remembering();
    expect(() => memory.remember([random([4, 2], 1), random([4, 3], 2)])).toThrow(
      /2, 3 channels; expected 3, 2/,
    );
    expect(() => memory.remember([tf.zeros([0, 3]), tf.zeros([0, 2])])).toThrow(/0 samples; expected 1/);
    expect(() => memory.remember([random([4, 3], 1)])).toThrow(/two or more modalities/);
    expect(() => memory.remember([random([4, 3], 1), random([5, 2], 2)])).toThrow(/same batch size/);
  });
});
