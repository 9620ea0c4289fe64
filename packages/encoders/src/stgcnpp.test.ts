import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { multiplyAdds } from './cost/multiplyAdds.js';
import type { SkeletonGraph } from './skeleton/graphs.js';
import { type StgcnppConfig, stgcnpp } from './stgcnpp.js';
import { everySkeletonNetwork } from './testing/absentBodies.js';
import { jolt, parameters, reloaded } from './testing/reloaded.js';
import { expectGradientsOfDifferences } from './testing/slopes.js';
import { expectTorchGolden } from './testing/torchGolden.js';

const tiny: StgcnppConfig = {
  frames: 4,
  persons: 2,
  layout: { joints: 3, edges: [[0, 1], [1, 2]], center: 1 }, // biome-ignore format: bones
  width: 6,
  blocks: [1, 2],
  seed: 1,
};
const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

everySkeletonNetwork('stgcnpp', (config) => stgcnpp({ ...tiny, ...config }));

describe('stgcnpp', () => {
  it.each([
    ['ntu-rgb+d', 25, 1_403_144, 2.96],
    ['coco-17', 17, 1_393_016, 1.95],
  ] as const)('has the published parameters and cost at 60 classes: %s', (layout, joints, count, giga) => {
    const encoder = stgcnpp({ frames: 100, layout });
    expect(parameters(encoder.model) + 256 * 60 + 60).toBe(count);
    // The published figure, from a counter that counts more than products, is a few per cent higher.
    expect(Math.abs(multiplyAdds(encoder.model) / 1e9 / giga - 1)).toBeLessThan(0.04);
    expect(encoder.stages.map(({ shape }) => shape)).toEqual([
      [null, 2, 100, joints, 64],
      [null, 2, 50, joints, 128],
      [null, 2, 25, joints, 256],
    ]);
    expect(encoder.features.shape).toEqual([null, 256]);
    encoder.model.dispose();
  });

  it.each([
    ['joint', 'root'],
    ['joint', 'none'],
    ['bone', 'root'],
    ['joint-motion', 'root'],
    ['bone-motion', 'root'],
  ] as const)('makes the stream %s of joints, normalize %s', (stream, normalize) => {
    // biome-ignore format: a table
    const config = { ...tiny, blocks: [1, 1], stream, normalize };
    const { model: encoder } = stgcnpp(config);
    jolt(encoder);
    const x = random([2, 2, 4, 3, 3], 1);
    const there = encoder.predict(tf.add(x, [0, 1, 3])) as tf.Tensor;
    const moved = tf.max(tf.abs(tf.sub(there, encoder.predict(x) as tf.Tensor))).dataSync()[0]!;
    if (normalize === 'root') expect(moved).toBeLessThan(1e-4);
    else expect(moved).toBeGreaterThan(1e-2);
    // ReLUs and maxima bend within a step, so the step is small and the tolerance is not.
    const apply = (z: tf.Tensor) => encoder.apply(z) as tf.Tensor;
    expectGradientsOfDifferences(apply, [x], { step: 2e-3, tolerance: 0.05 });
  });

  it('sees streams that differ', () => {
    const x = random([1, 2, 4, 3, 3], 1);
    const streams = ['joint', 'bone', 'joint-motion', 'bone-motion'] as const;
    const features = streams.map((stream) => {
      const y = stgcnpp({ ...tiny, stream }).model.predict(x) as tf.Tensor;
      return [...y.dataSync()];
    });
    expect(new Set(features.map((one) => one.join())).size).toBe(4);
  });

  it('gives the outputs and input gradients of PyTorch, with its weights', async () => {
    const layout: SkeletonGraph = { joints: 4, edges: [[0, 1], [1, 2], [1, 3]], center: 1 }; // biome-ignore format: bones
    const config = { frames: 9, layout, width: 7, blocks: [1, 2], normalize: 'none' } as const;
    await expectTorchGolden(stgcnpp(config).model, 'stgcnpp');
  });

  it('saves, loads, and gives the same outputs', async () => {
    const { model: encoder } = stgcnpp({ ...tiny, dropout: 0.25, stream: 'bone-motion', confidence: true });
    jolt(encoder);
    const copy = await reloaded(encoder);
    for (const batch of [1, 3]) {
      const x = random([batch, 2, 4, 3, 3], 1);
      expect((copy.predict(x) as tf.Tensor).dataSync()).toEqual((encoder.predict(x) as tf.Tensor).dataSync());
    }
  });

  it('names a size that works', () => {
    expect(() => stgcnpp({ ...tiny, frames: 3, blocks: [1, 1, 1] })).toThrow(/3 frames.*4 frames or more/);
    expect(() => stgcnpp({ ...tiny, temporalKernel: 4 })).toThrow(/temporalKernel 4.*5/);
    expect(() => stgcnpp({ ...tiny, width: 4 })).toThrow(/width 4 for 6 temporal branches.*6 or more/);
    expect(() => stgcnpp({ ...tiny, dilations: [0] })).toThrow(/dilations \[0\]/);
    expect(() => stgcnpp({ ...tiny, coordinates: 1, confidence: true })).toThrow(/confidence for 1 coord/);
    expect(() => stgcnpp({ ...tiny, stream: 'bones' as 'bone' })).toThrow(/stream 'bones'.*bone-motion/);
  });
});
