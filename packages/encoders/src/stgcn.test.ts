import * as tf from '@tensorflow/tfjs-core';
import { layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import type { SkeletonGraph } from './skeleton/graphs.js';
import { type StgcnConfig, stgcn } from './stgcn.js';
import { everySkeletonNetwork } from './testing/absentBodies.js';
import { jolt, parameters, reloaded } from './testing/reloaded.js';
import { expectGradientsOfDifferences } from './testing/slopes.js';
import { expectTorchGolden } from './testing/torchGolden.js';

const tiny: StgcnConfig = {
  frames: 4,
  persons: 2,
  layout: { joints: 3, edges: [[0, 1], [1, 2]], center: 1 }, // biome-ignore format: bones
  width: 4,
  blocks: [1, 2],
  temporalKernel: 3,
  seed: 1,
};
const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const body = (seed: number) => random([2, 1, 4, 3, 3], seed);
const absent = () => tf.zeros([2, 1, 4, 3, 3]);

everySkeletonNetwork('stgcn', (config) => stgcn({ ...tiny, ...config }));

describe('stgcn', () => {
  it('has the parameters of the published code at 60 classes and 25 joints', () => {
    const { model: encoder, stages, features } = stgcn({ frames: 300 });
    expect(parameters(encoder) + 256 * 60 + 60).toBe(3_098_832);
    expect(stages.map(({ shape }) => shape)).toEqual([
      [null, 2, 300, 25, 64],
      [null, 2, 150, 25, 128],
      [null, 2, 75, 25, 256],
    ]);
    expect(features.shape).toEqual([null, 256]);
    encoder.dispose();
  });

  it.each([
    ['uniform', 'utd-mhad', 20, 1],
    ['distance', 'ntu-rgb+d', 25, 2],
    ['spatial', 'utd-mhad', 20, 3],
  ] as const)('takes the partition %s and the layout %s', (partition, layout, joints, partitions) => {
    const encoder = stgcn({
      frames: 5,
      persons: 1,
      partition,
      layout,
      width: 4,
      blocks: [1, 1],
      initialStride: 2,
    });
    expect(encoder.stages.map(({ shape }) => shape.slice(2))).toEqual([[3, joints, 4], [2, joints, 8]]); // biome-ignore format: two shapes
    const importance = encoder.model.getLayer('skeletonStage1Block1Graph').getWeights()[2]!;
    expect(importance.shape).toEqual([partitions, joints, joints]);
    for (const batch of [1, 3]) {
      const y = encoder.model.predict(random([batch, 1, 5, joints, 3], 1)) as tf.Tensor;
      expect(y.shape).toEqual([batch, 8]);
    }
  });

  it('does not see where the scene is with normalize root, and does with none', () => {
    const x = tf.concat([body(1), body(2)], 1);
    const difference = (normalize: 'root' | 'none') => {
      const { model: encoder } = stgcn({ ...tiny, normalize });
      const [here, there] = [encoder.predict(x), encoder.predict(tf.add(x, [0, 1, 3]))] as [
        tf.Tensor,
        tf.Tensor,
      ];
      return tf.max(tf.abs(tf.sub(here, there))).dataSync()[0]!;
    };
    expect(difference('root')).toBeLessThan(1e-4);
    expect(difference('none')).toBeGreaterThan(1e-2);
  });

  it('has the input gradient of finite differences', () => {
    const { model: encoder } = stgcn({ ...tiny, blocks: [1, 1] });
    jolt(encoder);
    const x = tf.concat([body(1), body(2)], 1);
    // ReLUs bend within a step, so the step is small and the tolerance is not.
    const apply = (z: tf.Tensor) => encoder.apply(z) as tf.Tensor;
    expectGradientsOfDifferences(apply, [x], { step: 2e-3, tolerance: 0.05 });
  });

  it.each([
    ['uniform', 'bone', [1, 2]],
    ['distance', 'bone-motion', [1, 1]],
  ] as const)(
    'gives the outputs and input gradients of PyTorch, with its weights: %s, %s',
    async (partition, stream, blocks) => {
      const layout: SkeletonGraph = { joints: 4, edges: [[0, 1], [1, 2], [1, 3]], center: 1 }; // biome-ignore format: bones
      const config = { frames: 9, layout, width: 4, blocks, partition, stream };
      await expectTorchGolden(stgcn(config).model, `stgcn-${partition}`);
    },
  );

  it('saves, loads, and gives the same outputs', async () => {
    const { model: encoder } = stgcn({ ...tiny, dropout: 0.25 });
    jolt(encoder);
    const copy = await reloaded(encoder);
    const x = tf.concat([body(1), absent()], 1);
    expect((copy.predict(x) as tf.Tensor).dataSync()).toEqual((encoder.predict(x) as tf.Tensor).dataSync());
    expect(copy.inputNames).toEqual(['skeleton']);
  });

  it('learns, and leaves no tensor behind', () => {
    const { input, features } = stgcn(tiny);
    const logits = layers.dense({ units: 2 }).apply(features) as SymbolicTensor;
    const classifier = model({ inputs: input, outputs: logits });
    const x = random([8, 2, 4, 3, 3], 1);
    const target = tf.oneHot(tf.tensor1d([0, 1, 0, 1, 0, 1, 0, 1], 'int32'), 2);
    const optimizer = tf.train.adam(0.02);
    const loss = () =>
      tf.losses.softmaxCrossEntropy(
        target,
        classifier.apply(x, { training: true }) as tf.Tensor,
      ) as tf.Scalar;
    const step = () => {
      const value = optimizer.minimize(loss, true)!;
      const number = value.dataSync()[0]!;
      value.dispose();
      return number;
    };
    const first = step();
    const before = tf.memory().numTensors;
    let last = first;
    for (let i = 0; i < 12; i++) last = step();
    expect(last).toBeLessThan(first / 2);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('repeats its weights with a seed, and differs from layer to layer', () => {
    const weights = (seed: number) => stgcn({ ...tiny, seed }).model.getWeights().map((w) => [...w.dataSync()]); // biome-ignore format: one chain
    expect(weights(3)).toEqual(weights(3));
    expect(weights(3)).not.toEqual(weights(4));
    const { model: encoder } = stgcn({ ...tiny, blocks: [3] });
    const kernel = (block: number) => encoder.getLayer(`skeletonStage1Block${block}Graph`).getWeights()[0]!;
    expect(kernel(2).dataSync()).not.toEqual(kernel(3).dataSync());
  });

  it('names a size that works', () => {
    expect(() => stgcn({ ...tiny, frames: 3, blocks: [1, 1, 1] })).toThrow(
      /3 frames.*expected 4 frames or more/,
    );
    expect(() => stgcn({ ...tiny, frames: 0 })).toThrow(/frames 0/);
    expect(() => stgcn({ ...tiny, temporalKernel: 4 })).toThrow(/temporalKernel 4.*5/);
    expect(() => stgcn({ ...tiny, dropout: 1 })).toThrow(/dropout 1/);
    expect(() => stgcn({ ...tiny, blocks: [] })).toThrow(/blocks \[\]/);
    expect(() => stgcn({ ...tiny, normalize: 'unit' as 'root' })).toThrow(/'unit'/);
  });
});
