import { perturbWeights, reloaded } from '@amr/testing/networks/reloaded';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { input, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { TemporalConvolution } from './temporalConvolution.js';

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

describe('TemporalConvolution', () => {
  it.each([
    [1, 1, 6, 1],
    [3, 1, 5, 1],
    [3, 2, 5, 1],
    [3, 2, 6, 1],
    [5, 3, 7, 1],
    [1, 2, 6, 1],
    [3, 1, 6, 2],
    [3, 2, 7, 3],
    [5, 2, 6, 2],
    [1, 1, 3, 4],
    [3, 1, 7, 3],
    [5, 1, 9, 4],
    [3, 2, 8, 4],
    [3, 3, 11, 2],
    [3, 1, 2, 4],
  ])(
    // biome-ignore format: a table
    'sums over a window of frames: kernel %i, stride %i, %i frames, dilation %i',
    (kernelSize, stride, frames, dilation) => {
      const layer = new TemporalConvolution({ filters: 2, kernelSize, stride, dilation, seed: 1 });
      const x = random([2, 1, frames, 3, 2], 1) as tf.Tensor5D;
      layer.build(x.shape);
      perturbWeights(layer);
      const y = layer.apply(x) as tf.Tensor5D;
      expect(y.shape).toEqual([2, 1, Math.ceil(frames / stride), 3, 2]);
      expect(layer.computeOutputShape(x.shape)).toEqual(y.shape);
      const kernel = layer.getWeights()[0]!.arraySync() as number[][][][];
      const bias = [...layer.getWeights()[1]!.dataSync()];
      const [given, got] = [x.arraySync(), y.arraySync()];
      for (let b = 0; b < 2; b++)
        for (let t = 0; t < y.shape[2]; t++)
          for (let v = 0; v < 3; v++)
            for (let o = 0; o < 2; o++) {
              let sum = bias[o]!;
              for (let i = 0; i < kernelSize; i++) {
                const joint = given[b]![0]![t * stride + dilation * (i - (kernelSize - 1) / 2)]?.[v] ?? [];
                sum += joint.reduce((inner, value, c) => inner + value * kernel[i]![0]![c]![o]!, 0);
              }
              expect(got[b]![0]![t]![v]![o]).toBeCloseTo(sum, 4);
            }
    },
  );

  it('has the gradients of finite differences', () => {
    const dilated = new TemporalConvolution({ filters: 2, kernelSize: 3, dilation: 2, seed: 1 });
    const layer = new TemporalConvolution({ filters: 2, kernelSize: 3, stride: 2, seed: 1 });
    const x = random([1, 2, 5, 3, 2], 1);
    expectGradientsOfDifferences((z) => dilated.apply(z) as tf.Tensor, [x]);
    expectGradientsOfDifferences((z) => layer.apply(z) as tf.Tensor, [x]);
    const { grads } = tf.variableGrads(() => tf.sum(layer.apply(x) as tf.Tensor) as tf.Scalar);
    expect([...grads[layer.trainableWeights[1]!.name]!.dataSync()]).toEqual([18, 18]); // 2 bodies, 3 frames, 3 joints
  });

  it.each([
    [3, 1],
    [2, 2],
    [3, 2],
  ])(
    'has the gradients of its kernel with dilation %i and stride %i, and leaves no tensor behind',
    (dilation, stride) => {
      // biome-ignore format: a table
      const layer = new TemporalConvolution({ filters: 2, kernelSize: 3, stride, dilation, seed: 1 });
      const x = random([1, 2, 7, 3, 2], 1);
      layer.build(x.shape);
      const before = tf.memory().numTensors;
      expectGradientsOfDifferences((z) => layer.apply(z) as tf.Tensor, [x]);
      tf.tidy(() => {
        const objective = () => tf.sum(tf.square(layer.apply(x) as tf.Tensor)) as tf.Scalar;
        const { grads } = tf.variableGrads(objective);
        const [kernel, bias] = layer.getWeights().map((weight) => tf.clone(weight)) as [tf.Tensor, tf.Tensor];
        const along = random(kernel.shape, 5);
        const at = (sign: number) => {
          layer.setWeights([tf.add(kernel, tf.mul(along, sign * 1e-2)), bias]);
          return objective().dataSync()[0]!;
        };
        const slope = (at(1) - at(-1)) / 2e-2;
        layer.setWeights([kernel, bias]);
        const gradient = grads[layer.trainableWeights[0]!.name]!;
        expect(tf.sum(tf.mul(gradient, along)).dataSync()[0]! / slope).toBeCloseTo(1, 2);
      });
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it('keeps its config and its outputs through a saved model', async () => {
    const x = input({ shape: [1, 6, 3, 2] });
    const config = { filters: 4, kernelSize: 5, stride: 2, dilation: 2, seed: 8 };
    const outputs = new TemporalConvolution({ ...config, name: 'temporal' }).apply(x) as SymbolicTensor;
    const original = model({ inputs: x, outputs });
    perturbWeights(original);
    const copy = await reloaded(original);
    expect(copy.getLayer('temporal').getConfig()).toMatchObject(config);
    const batch = random([2, 1, 6, 3, 2], 2);
    expect((copy.predict(batch) as tf.Tensor).dataSync()).toEqual(
      (original.predict(batch) as tf.Tensor).dataSync(),
    );
  });

  it('refuses an even kernel, and strides and dilations that are not whole numbers from 1', () => {
    expect(() => new TemporalConvolution({ filters: 2, kernelSize: 4 })).toThrow(
      /^TemporalConvolution\.kernelSize: got 4; expected an odd/,
    );
    expect(() => new TemporalConvolution({ filters: 2, stride: 0 })).toThrow(
      /^TemporalConvolution\.stride: got 0; expected a whole number from 1/,
    );
    expect(() => new TemporalConvolution({ filters: 2, dilation: 1.5 })).toThrow(
      /^TemporalConvolution\.dilation: got 1\.5; expected a whole number from 1/,
    );
  });
});
