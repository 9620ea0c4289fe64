import { everyGraphNetwork, fourJoints, threeJoints } from '@amr/testing/networks/graphNetwork';
import { expectTorchGolden } from '@amr/testing/networks/torchGolden';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { parameterCount } from '../../cost/parameterCount.js';
import { type StgcnConfig, stgcn } from './stgcn.js';

const tiny: StgcnConfig = {
  frames: 4,
  layout: threeJoints,
  width: 4,
  blocks: [1, 2],
  temporalKernel: 3,
  seed: 1,
};

everyGraphNetwork('stgcn', stgcn, { width: 4 });

describe('stgcn', () => {
  it('has the parameters of the published code at 60 classes and 25 joints', () => {
    const { model: encoder, stages, features } = stgcn({ frames: 300 });
    expect(parameterCount(encoder) + 256 * 60 + 60).toBe(3_098_832);
    expect(stages.map(({ shape }) => shape)).toEqual([
      [null, 2, 300, 25, 64],
      [null, 2, 150, 25, 128],
      [null, 2, 75, 25, 256],
    ]);
    expect(features.shape).toEqual([null, 256]);
    encoder.dispose();
  });

  it.each([
    ['uniform', 1],
    ['distance', 2],
    ['spatial', 3],
    ['directed', 3],
  ] as const)('learns the importance of the edges of each part: %s', (partition, partitions) => {
    const encoder = stgcn({ ...tiny, partition });
    const importance = encoder.model.getLayer('skeletonStage1Block1Graph').getWeights()[2]!;
    expect(importance.shape).toEqual([partitions, 3, 3]);
  });

  it('does not see where the scene is with normalize root, and does with none', () => {
    const x = tf.randomNormal([2, 2, 4, 3, 3], 0, 1, 'float32', 1);
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

  it.each([
    ['uniform', 'bone', [1, 2]],
    ['distance', 'bone-motion', [1, 1]],
  ] as const)(
    'gives the outputs and input gradients of PyTorch, with its weights: %s, %s',
    async (partition, stream, blocks) => {
      const config = { frames: 9, layout: fourJoints, width: 4, blocks, partition, stream };
      await expectTorchGolden(stgcn(config).model, `stgcn-${partition}`);
    },
  );

  it('repeats its weights with a seed, and differs from layer to layer', () => {
    const weights = (seed: number) => stgcn({ ...tiny, seed }).model.getWeights().map((w) => [...w.dataSync()]); // biome-ignore format: one chain
    expect(weights(3)).toEqual(weights(3));
    expect(weights(3)).not.toEqual(weights(4));
    const { model: encoder } = stgcn({ ...tiny, blocks: [3] });
    const kernel = (block: number) => encoder.getLayer(`skeletonStage1Block${block}Graph`).getWeights()[0]!;
    expect(kernel(2).dataSync()).not.toEqual(kernel(3).dataSync());
  });
});
