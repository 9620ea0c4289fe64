import { perturbWeights, reloaded } from '@amr/testing/networks/reloaded';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { input, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { JointsAsChannels } from '../joints/jointsAsChannels.js';
import { BodyConv2D } from './bodyConv2D.js';
import { BodyMaxPool } from './bodyMaxPool.js';
import { BodyPool } from './bodyPool.js';

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const presence = tf.tensor2d([[1, 0, 1], [0, 0, 1]]); // biome-ignore format: a matrix

const layersHere = {
  conv: () => new BodyConv2D({ filters: 2, kernelSize: 5, seed: 3, name: 'layer' }),
  halves: () => new BodyMaxPool({ name: 'layer' }),
  swap: () => new JointsAsChannels({ name: 'layer' }),
  max: () => new BodyPool({ name: 'layer' }),
  mean: () => new BodyPool({ pooling: 'mean', name: 'layer' }),
};
const pools = ['max', 'mean'];

describe.each(Object.entries(layersHere))("each of HCN's layers: %s", (kind, build) => {
  const x = random([2, 3, 5, 4, 3], 1);
  const rest = pools.includes(kind) ? [presence] : [];
  const apply = (layer: ReturnType<typeof build>, z: tf.Tensor) =>
    layer.apply(rest.length > 0 ? [z, ...rest] : z) as tf.Tensor;

  it('has the gradient of finite differences, and leaves no tensor behind', () => {
    const layer = build();
    tf.dispose(apply(layer, x));
    const before = tf.memory().numTensors;
    expectGradientsOfDifferences((z) => apply(layer, z), [x], { step: 1e-3 });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('keeps its config, its shape and its outputs through a saved model', async () => {
    const inputs = [x, ...rest].map(({ shape }) => input({ shape: shape.slice(1) }));
    const outputs = build().apply(rest.length > 0 ? inputs : inputs[0]!) as SymbolicTensor;
    const original = model({ inputs, outputs });
    perturbWeights(original);
    const copy = await reloaded(original);
    expect(copy.getLayer('layer').getConfig()).toEqual(build().getConfig());
    const y = original.predict([x, ...rest]) as tf.Tensor;
    expect(y.shape.slice(1)).toEqual(outputs.shape.slice(1));
    expect((copy.predict([x, ...rest]) as tf.Tensor).dataSync()).toEqual(y.dataSync());
  });
});

describe('BodyConv2D', () => {
  it("is conv2d of each body's map, plus a bias", () => {
    const layer = new BodyConv2D({ filters: 2, seed: 3 });
    const x = random([2, 1, 4, 3, 2], 1);
    layer.build(x.shape);
    perturbWeights(layer);
    const [kernel, bias] = layer.getWeights() as [tf.Tensor4D, tf.Tensor1D];
    const maps = tf.reshape(x, [2, 4, 3, 2]) as tf.Tensor4D;
    const expected = tf.add(tf.conv2d(maps, kernel, 1, 'same'), bias).dataSync();
    const got = (layer.apply(x) as tf.Tensor).dataSync();
    expect([...got]).toEqual([...expected].map((value) => expect.closeTo(value, 5)));
    const { grads } = tf.variableGrads(() => tf.sum(layer.apply(x) as tf.Tensor) as tf.Scalar);
    expect([...grads[layer.trainableWeights[1]!.name]!.dataSync()]).toEqual([24, 24]); // 2 maps of 4 by 3
    expect(layer.multiplyAdds([null, 1, 4, 3, 2], [null, 1, 4, 3, 2])).toBe(24 * 9 * 2);
    expect(() => new BodyConv2D({ filters: 2, kernelSize: 2 })).toThrow(
      /^BodyConv2D\.kernelSize: got 2; expected an odd/,
    );
  });
});

describe('BodyMaxPool', () => {
  it('is the maximum of windows, without a last odd row or column', () => {
    const x = random([1, 2, 5, 4, 3], 1) as tf.Tensor5D;
    const y = new BodyMaxPool({}).apply(x) as tf.Tensor5D;
    const [given, got] = [x.arraySync(), y.arraySync()];
    expect(y.shape).toEqual([1, 2, 2, 2, 3]);
    for (const [m, map] of got[0]!.entries())
      for (const [i, row] of map.entries())
        for (const [j, channels] of row.entries())
          for (const [c, value] of channels.entries()) {
            const window = [0, 1].flatMap((di) =>
              [0, 1].map((dj) => given[0]![m]![2 * i + di]![2 * j + dj]![c]!),
            );
            expect(value).toBe(Math.max(...window));
          }
  });
});

describe('BodyPool', () => {
  const x = tf.tensor3d([[[-3, 2], [9, 9], [-5, 4]], [[7, 7], [8, 8], [-1, 0]]]); // biome-ignore format: bodies

  it('leaves absent bodies out, also for negative values', () => {
    expect((new BodyPool().apply([x, presence]) as tf.Tensor).arraySync()).toEqual([[-3, 4], [-1, 0]]); // biome-ignore format: a matrix
    const mean = new BodyPool({ pooling: 'mean' }).apply([x, presence]) as tf.Tensor;
    expect(mean.arraySync()).toEqual([[-4, 3], [-1, 0]]); // biome-ignore format: a matrix
  });

  it.each(['max', 'mean'] as const)('is zero when all bodies are absent: %s', (pooling) => {
    const y = new BodyPool({ pooling }).apply([x, tf.zeros([2, 3])]) as tf.Tensor;
    expect(tf.max(tf.abs(y)).dataSync()[0]).toBe(0);
  });

  it('refuses another pooling', () => {
    expect(() => new BodyPool({ pooling: 'sum' as 'max' })).toThrow(
      /^BodyPool\.pooling: got 'sum'; expected one of max, mean/,
    );
  });
});
