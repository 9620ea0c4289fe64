import { reloaded } from '@amr/testing/networks/reloaded';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { input, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { ChannelConcat } from './channelConcat.js';

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const branches = () => [random([2, 1, 3, 2, 2], 1), random([2, 1, 3, 2, 1], 2), random([2, 1, 3, 2, 3], 3)];

describe('ChannelConcat', () => {
  it('concatenates along the last axis', () => {
    const joined = new ChannelConcat({}).apply(branches()) as tf.Tensor;
    expect(joined.shape).toEqual([2, 1, 3, 2, 6]);
    expect(joined.dataSync()).toEqual(tf.concat(branches(), -1).dataSync());
  });

  it('has the gradient of finite differences, and leaves no tensor behind', () => {
    const layer = new ChannelConcat({});
    const xs = branches();
    const before = tf.memory().numTensors;
    expectGradientsOfDifferences((...zs) => layer.apply(zs) as tf.Tensor, xs);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('keeps its shape and its outputs through a saved model', async () => {
    const inputs = branches().map(({ shape }) => input({ shape: shape.slice(1) }));
    const outputs = new ChannelConcat({}).apply(inputs) as SymbolicTensor;
    expect(outputs.shape).toEqual([null, 1, 3, 2, 6]);
    const original = model({ inputs, outputs });
    const copy = await reloaded(original);
    expect((copy.predict(branches()) as tf.Tensor).dataSync()).toEqual(
      (original.predict(branches()) as tf.Tensor).dataSync(),
    );
  });
});
