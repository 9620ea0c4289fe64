import { everyGraphNetwork, fourJoints, threeJoints } from '@amr/testing/networks/graphNetwork';
import { perturbWeights } from '@amr/testing/networks/reloaded';
import { expectTorchGolden } from '@amr/testing/networks/torchGolden';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { multiplyAdds } from '../../cost/multiplyAdds.js';
import { parameterCount } from '../../cost/parameterCount.js';
import { stgcnpp } from './stgcnpp.js';

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const tiny = { frames: 4, layout: threeJoints, width: 6, blocks: [1, 1], seed: 1 };

everyGraphNetwork('stgcnpp', stgcnpp, { width: 6 });

describe('stgcnpp', () => {
  it.each([
    ['ntu-rgb+d', 25, 1_403_144, 2.96],
    ['coco-17', 17, 1_393_016, 1.95],
  ] as const)('has the published parameters and cost at 60 classes: %s', (layout, joints, count, giga) => {
    const encoder = stgcnpp({ frames: 100, layout });
    expect(parameterCount(encoder.model) + 256 * 60 + 60).toBe(count);
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
  ] as const)('computes the stream %s from joints, normalize %s', (stream, normalize) => {
    const { model: encoder } = stgcnpp({ ...tiny, stream, normalize });
    perturbWeights(encoder);
    const x = random([2, 2, 4, 3, 3], 1);
    const there = encoder.predict(tf.add(x, [0, 1, 3])) as tf.Tensor;
    const moved = tf.max(tf.abs(tf.sub(there, encoder.predict(x) as tf.Tensor))).dataSync()[0]!;
    if (normalize === 'root') expect(moved).toBeLessThan(1e-4);
    else expect(moved).toBeGreaterThan(1e-2);
    // ReLUs and maxima are not linear within a step, so the step is small and the tolerance large.
    const apply = (z: tf.Tensor) => encoder.apply(z) as tf.Tensor;
    expectGradientsOfDifferences(apply, [x], { step: 2e-3, tolerance: 0.05 });
  });

  it('has different features for each stream', () => {
    const x = random([1, 2, 4, 3, 3], 1);
    const streams = ['joint', 'bone', 'joint-motion', 'bone-motion'] as const;
    const features = streams.map((stream) => {
      const y = stgcnpp({ ...tiny, stream }).model.predict(x) as tf.Tensor;
      return [...y.dataSync()];
    });
    expect(new Set(features.map((one) => one.join())).size).toBe(4);
  });

  it('gives the outputs and input gradients of PyTorch, with its weights', async () => {
    const config = { frames: 9, layout: fourJoints, width: 7, blocks: [1, 2], normalize: 'none' } as const;
    await expectTorchGolden(stgcnpp(config).model, 'stgcnpp');
  });

  it('refuses other widths and dilations, and says what it expects', () => {
    expect(() => stgcnpp({ ...tiny, width: 4 })).toThrow(
      /^stgcnpp\.width: got 4; expected 6 or more.* 6 temporal branches/,
    );
    expect(() => stgcnpp({ ...tiny, dilations: [0] })).toThrow(/^stgcnpp\.dilations: got \[0\]/);
  });
});
