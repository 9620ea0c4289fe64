import { everySkeletonNetwork } from '@amr/testing/networks/absentBodies';
import { perturbWeights, reloaded } from '@amr/testing/networks/reloaded';
import { expectTorchGolden } from '@amr/testing/networks/torchGolden';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { parameterCount } from '../../cost/parameterCount.js';
import type { SkeletonGraph } from '../../skeleton/graphs.js';
import { type HcnConfig, hcn } from './hcn.js';

const tiny: HcnConfig = {
  frames: 16,
  persons: 2,
  layout: { joints: 3, edges: [[0, 1], [1, 2]], center: 1 }, // biome-ignore format: bones
  width: 4,
  pointChannels: 16,
  hidden: 8,
  seed: 1,
};
const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

everySkeletonNetwork('hcn', (config) => hcn({ ...tiny, ...config }), { frames: 16 });
everySkeletonNetwork("hcn with pooling 'mean'", (config) => hcn({ ...tiny, ...config, pooling: 'mean' }), {
  frames: 16,
});

describe('hcn', () => {
  it.each([
    [{}, 256, 784_892],
    [{ frames: 64 }, 256, 1_047_036],
    [{ frames: 64, pointChannels: 64, hidden: 512 }, 512, 2_647_868],
  ])('has the parameters of the published code at 60 classes and 25 joints: %o', (config, hidden, count) => {
    const { model: encoder, features } = hcn(config);
    expect(parameterCount(encoder) + hidden * 60 + 60).toBe(count);
    expect(features.shape).toEqual([null, hidden]);
    encoder.dispose();
  });

  it('has stages that halve both axes, odd sizes too, at any batch size', () => {
    const encoder = hcn({ ...tiny, frames: 39, pointChannels: 21, layout: 'imigue-upper' });
    expect(encoder.stages.map(({ shape }) => shape)).toEqual([
      [null, 2, 9, 5, 8],
      [null, 2, 4, 2, 8],
      [null, 2, 2, 1, 16],
    ]);
    for (const batch of [1, 3]) {
      expect((encoder.model.predict(random([batch, 2, 39, 22, 3], 1)) as tf.Tensor).shape).toEqual([
        batch,
        8,
      ]);
    }
  });

  it.each(['joint', 'bone', 'joint-motion', 'bone-motion'] as const)(
    'has the input gradient of finite differences, stream %s',
    (stream) => {
      // biome-ignore format: a table
      const { model: encoder } = hcn({ ...tiny, stream, confidence: stream === 'bone' });
      perturbWeights(encoder);
      const x = random([2, 2, 16, 3, 3], 1);
      // ReLUs and maxima are not linear within a step, so the step is small and the tolerance large.
      const apply = (z: tf.Tensor) => tf.div(encoder.apply(z) as tf.Tensor, 10);
      expectGradientsOfDifferences(apply, [x], { step: 2e-3, tolerance: 0.05 });
    },
  );

  it.each([
    ['hcn', 'max'],
    ['hcn-mean', 'mean'],
  ] as const)(
    'gives the outputs and input gradients of PyTorch, with its weights: %s',
    async (golden, pooling) => {
      const layout: SkeletonGraph = { joints: 4, edges: [[0, 1], [1, 2], [1, 3]], center: 1 }; // biome-ignore format: bones
      const sizes = { width: 4, pointChannels: 16, hidden: 6 };
      await expectTorchGolden(hcn({ ...sizes, layout, pooling, normalize: 'none' }).model, golden);
    },
  );

  it('saves, loads, and gives the same outputs', async () => {
    const { model: encoder } = hcn({ ...tiny, dropout: 0.25, pooling: 'mean', name: 'pose' });
    perturbWeights(encoder);
    const copy = await reloaded(encoder);
    const x = random([2, 2, 16, 3, 3], 1);
    expect((copy.predict(x) as tf.Tensor).dataSync()).toEqual((encoder.predict(x) as tf.Tensor).dataSync());
    expect(copy.inputNames).toEqual(['pose']);
    expect(copy.outputNames).toEqual(['poseFeatures']);
  });

  it('refuses other sizes, and says what it expects', () => {
    expect(() => hcn({ ...tiny, frames: 15 })).toThrow(/^hcn\.frames: got 15; expected 16 or more/);
    expect(() => hcn({ ...tiny, pointChannels: 8 })).toThrow(
      /^hcn\.pointChannels: got 8; expected 16 or more.* width, 4\./,
    );
    expect(() => hcn({ width: 16 })).toThrow(/pointChannels: got 8; .*half the width, 16/);
    expect(() => hcn({ width: 5 })).toThrow(/^hcn\.width: got 5; expected an even/);
    expect(() => hcn({ ...tiny, persons: 0 })).toThrow(/^hcn\.persons: got 0/);
    expect(() => hcn({ ...tiny, dropout: 1 })).toThrow(/^hcn\.dropout: got 1/);
    expect(() => hcn({ ...tiny, pooling: 'sum' as 'max' })).toThrow(/^hcn\.pooling: got 'sum'/);
    expect(() => hcn({ ...tiny, stream: 'velocity' as 'joint' })).toThrow(/^hcn\.stream: got 'velocity'/);
  });
});
