import { perturbWeights, reloaded } from '@amr/testing/networks/reloaded';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { input, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { SequenceConvolution } from './sequenceConvolution.js';

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

describe('SequenceConvolution', () => {
  it.each([1, 2, 3, 5, 8])('sums over a window of frames: kernel %i', (kernelSize) => {
    const layer = new SequenceConvolution({ filters: 2, kernelSize, seed: 1 });
    const x = random([2, 6, 3], 1) as tf.Tensor3D;
    layer.build(x.shape);
    perturbWeights(layer);
    const y = layer.apply(x) as tf.Tensor3D;
    expect(layer.computeOutputShape(x.shape)).toEqual(y.shape);
    const kernel = layer.getWeights()[0]!.arraySync() as number[][][];
    const bias = [...layer.getWeights()[1]!.dataSync()];
    const [given, got] = [x.arraySync(), y.arraySync()];
    for (let b = 0; b < 2; b++)
      for (let t = 0; t < 6; t++)
        for (let o = 0; o < 2; o++) {
          let sum = bias[o]!;
          for (let i = 0; i < kernelSize; i++) {
            const frame = given[b]![t + i - Math.floor((kernelSize - 1) / 2)] ?? [];
            sum += frame.reduce((inner, value, c) => inner + value * kernel[i]![c]![o]!, 0);
          }
          expect(got[b]![t]![o]).toBeCloseTo(sum, 4);
        }
    expect(layer.multiplyAdds([null, 6, 3], [null, 6, 2])).toBe(6 * kernelSize * 3 * 2);
  });

  it('has the gradients of finite differences, and leaves no tensor behind', () => {
    const layer = new SequenceConvolution({ filters: 2, kernelSize: 4, seed: 1 });
    const x = random([2, 5, 3], 1);
    layer.build(x.shape);
    const before = tf.memory().numTensors;
    expectGradientsOfDifferences((z) => layer.apply(z) as tf.Tensor, [x]);
    tf.tidy(() => {
      const { grads } = tf.variableGrads(() => tf.sum(layer.apply(x) as tf.Tensor) as tf.Scalar);
      expect([...grads[layer.trainableWeights[1]!.name]!.dataSync()]).toEqual([10, 10]); // 2 sequences of 5 frames
      expect(grads[layer.trainableWeights[0]!.name]!.shape).toEqual([4, 3, 2]);
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('keeps its config and its outputs through a saved model', async () => {
    const x = input({ shape: [6, 2] });
    const config = { filters: 4, kernelSize: 8, seed: 8 };
    const outputs = new SequenceConvolution({ ...config, name: 'conv' }).apply(x) as SymbolicTensor;
    const original = model({ inputs: x, outputs });
    perturbWeights(original);
    const copy = await reloaded(original);
    expect(copy.getLayer('conv').getConfig()).toMatchObject(config);
    const batch = random([2, 6, 2], 2);
    expect((copy.predict(batch) as tf.Tensor).dataSync()).toEqual(
      (original.predict(batch) as tf.Tensor).dataSync(),
    );
  });
});
