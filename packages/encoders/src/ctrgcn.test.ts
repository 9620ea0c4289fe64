import * as tf from '@tensorflow/tfjs-core';
import { layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { multiplyAdds } from './cost/multiplyAdds.js';
import { type CtrgcnConfig, ctrgcn } from './ctrgcn.js';
import { everySkeletonNetwork } from './testing/absentBodies.js';
import { jolt, parameters, reloaded } from './testing/reloaded.js';
import { expectGradientsOfDifferences } from './testing/slopes.js';
import { expectTorchGolden } from './testing/torchGolden.js';

const tiny: CtrgcnConfig = {
  frames: 4,
  persons: 2,
  layout: { joints: 3, edges: [[0, 1], [1, 2]], center: 1 }, // biome-ignore format: bones
  width: 4,
  blocks: [1, 2],
  temporalKernel: 3,
  seed: 1,
};
const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

everySkeletonNetwork('ctrgcn', (config) => ctrgcn({ ...tiny, ...config }));

describe('ctrgcn', () => {
  it('has the parameters of the published code at 60 classes and 25 joints, person statistics aside', () => {
    const { model: encoder, stages, features } = ctrgcn({ frames: 64 });
    expect(parameters(encoder) + 256 * 60 + 60).toBe(1_446_672 - 150);
    expect(stages.map(({ shape }) => shape)).toEqual([
      [null, 2, 64, 25, 64],
      [null, 2, 32, 25, 128],
      [null, 2, 16, 25, 256],
    ]);
    expect(features.shape).toEqual([null, 256]);
    // With psi and phi on all frames, as the published code has them, not on the frames' mean: 170,028,000 more.
    expect(multiplyAdds(encoder)).toBe(1_769_120_800);
    encoder.dispose();
  });

  it('gives the outputs and gradients of PyTorch with its weights', async () => {
    const encoder = ctrgcn({
      frames: 5,
      layout: { joints: 4, edges: [[0, 1], [1, 2], [1, 3]], center: 1 }, // biome-ignore format: bones
      width: 8,
      blocks: [1, 2],
      normalize: 'none',
    });
    await expectTorchGolden(encoder.model, 'ctrgcn');
  });

  it('takes other partitions, layouts and batches of any size', () => {
    const config = { frames: 5, persons: 1, width: 4, blocks: [1, 1], initialStride: 2 } as const;
    const encoder = ctrgcn({ ...config, partition: 'distance', layout: 'utd-mhad' });
    expect(encoder.stages.map(({ shape }) => shape.slice(2))).toEqual([[3, 20, 4], [2, 20, 8]]); // biome-ignore format: two shapes
    for (const batch of [1, 3]) {
      const y = encoder.model.predict(random([batch, 1, 5, 20, 3], 1)) as tf.Tensor;
      expect(y.shape).toEqual([batch, 8]);
    }
  });

  it('has the input gradient of finite differences', () => {
    const { model: encoder } = ctrgcn({ ...tiny, blocks: [1, 1] });
    jolt(encoder);
    // ReLUs bend within a step, so the step is small and the tolerance is not.
    expectGradientsOfDifferences((z) => encoder.apply(z) as tf.Tensor, [random([2, 2, 4, 3, 3], 1)], {
      step: 5e-4,
      tolerance: 0.05,
    });
  });

  it('saves, loads, and gives the same outputs', async () => {
    const { model: encoder } = ctrgcn({ ...tiny, dropout: 0.25 });
    jolt(encoder);
    const copy = await reloaded(encoder);
    const x = random([2, 2, 4, 3, 3], 1);
    expect((copy.predict(x) as tf.Tensor).dataSync()).toEqual((encoder.predict(x) as tf.Tensor).dataSync());
  });

  it('learns, all its weights, and leaves no tensor behind', () => {
    const { input, features } = ctrgcn({ ...tiny, blocks: [1, 1] });
    const logits = layers.dense({ units: 2 }).apply(features) as SymbolicTensor;
    const classifier = model({ inputs: input, outputs: logits });
    const x = random([4, 2, 4, 3, 3], 1);
    const target = tf.oneHot(tf.tensor1d([0, 1, 0, 1], 'int32'), 2);
    const optimizer = tf.train.adam(0.03);
    const initial = classifier.trainableWeights.map((weight) => [...weight.read().dataSync()]);
    const step = () => {
      const value = optimizer.minimize(
        () => tf.losses.softmaxCrossEntropy(target, classifier.apply(x, { training: true }) as tf.Tensor) as tf.Scalar, // biome-ignore format: one call
        true,
      )!;
      const number = value.dataSync()[0]!;
      value.dispose();
      return number;
    };
    const first = step();
    const before = tf.memory().numTensors;
    let last = first;
    for (let i = 0; i < 7; i++) last = step();
    expect(last).toBeLessThan(first / 2);
    expect(tf.memory().numTensors).toBe(before);
    for (const [i, weight] of classifier.trainableWeights.entries()) {
      if (/bias/i.test(weight.name)) continue; // batch normalisation and softmax don't see most of them
      expect([...weight.read().dataSync()], weight.name).not.toEqual(initial[i]);
    }
  });

  it('names a size that works', () => {
    expect(() => ctrgcn({ ...tiny, frames: 1 })).toThrow(/ctrgcn: .*1 frames.*expected 2 frames or more/);
    expect(() => ctrgcn({ ...tiny, temporalKernel: 4 })).toThrow(/ctrgcn: .*temporalKernel 4.*5/);
    expect(() => ctrgcn({ ...tiny, width: 3 })).toThrow(/ctrgcn: .*width 3.*4 or more/);
    expect(() => ctrgcn({ ...tiny, width: 4, dilations: [1, 2, 3] })).toThrow(/width 4.*5 or more/);
    expect(() => ctrgcn({ ...tiny, dilations: [] })).toThrow(/ctrgcn: got dilations \[\]/);
  });
});
