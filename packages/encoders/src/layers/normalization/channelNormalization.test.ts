import { reloaded } from '@amr/testing/networks/reloaded';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { input, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { ChannelNormalization } from './channelNormalization.js';

describe('ChannelNormalization', () => {
  it('subtracts the mean and divides by the deviation of each channel, or of all', () => {
    const x = tf.tensor4d([[[[1, 2, 3], [4, 5, 6]]]]); // biome-ignore format: pixels
    const each = new ChannelNormalization({ mean: [1, 2, 3], std: [1, 0.5, 2] }).apply(x) as tf.Tensor;
    expect([...each.dataSync()]).toEqual([0, 0, 0, 3, 6, 1.5].map((v) => expect.closeTo(v, 5)));
    const all = new ChannelNormalization({ mean: [1], std: [2] }).apply(x) as tf.Tensor;
    expect([...all.dataSync()]).toEqual([0, 0.5, 1, 1.5, 2, 2.5]);
  });

  it('has the gradient of finite differences', () => {
    const layer = new ChannelNormalization({ mean: [1, 2], std: [1, 0.5] });
    expectGradientsOfDifferences((x) => layer.apply(x) as tf.Tensor, [tf.ones([2, 3, 2])]);
  });

  it('keeps its config through a saved model, and refuses one that does not fit', async () => {
    const x = input({ shape: [3, 2] });
    const config = { mean: [0.25, 1], std: [1, 0.5] };
    const outputs = new ChannelNormalization({ ...config, name: 'normalized' }).apply(x) as SymbolicTensor;
    const copy = await reloaded(model({ inputs: x, outputs }));
    expect(copy.getLayer('normalized').getConfig()).toMatchObject(config);
    expect(() => new ChannelNormalization({ mean: [1], std: [0] })).toThrow(
      /^ChannelNormalization\.std: got \[0\]/,
    );
    expect(() => new ChannelNormalization({ mean: [Number.NaN], std: [1] })).toThrow(
      /^ChannelNormalization\.mean: got \[NaN\]/,
    );
    expect(() => new ChannelNormalization({ mean: [1, 2], std: [1, 2] }).apply(tf.ones([1, 3]))).toThrow(
      /^ChannelNormalization\.mean: got \[1, 2\]; .*3, one for each channel/,
    );
  });
});
