import { perturbWeights, reloaded } from '@amr/testing/networks/reloaded';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { input, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DepthwiseConv3D } from './depthwiseConv3D.js';
import { PaddedConv3D, type Size3 } from './paddedConv3D.js';

const size3 = (min: number, max: number) =>
  fc.tuple(
    fc.integer({ min, max }),
    fc.integer({ min, max }),
    fc.integer({ min, max }),
  ) as fc.Arbitrary<Size3>;
const odd = size3(0, 1).map((half) => half.map((h) => 2 * h + 1) as Size3);
const random = (shape: number[], seed = 1) => tf.randomNormal(shape, 0, 1, 'float32', seed);

/** The kernel of a full convolution that combines no two channels. */
function diagonal(kernel: tf.Tensor): tf.Tensor {
  const [frames, height, width, channels] = kernel.shape as [number, number, number, number];
  const spread = tf.reshape(kernel, [frames * height * width, channels, 1]);
  return tf.reshape(tf.mul(spread, tf.expandDims(tf.eye(channels), 0)), [
    frames,
    height,
    width,
    channels,
    channels,
  ]);
}

describe('DepthwiseConv3D', () => {
  it('is the convolution whose kernel combines no two channels, and so are its gradients', () => {
    fc.assert(
      fc.property(
        size3(2, 5),
        odd,
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 2 }),
        (sizes, kernelSize, step, stride) => {
          tf.tidy(() => {
            const strides: Size3 = [step, stride, stride];
            const x = random([2, ...sizes, 3]);
            const layer = new DepthwiseConv3D({ kernelSize, strides, seed: 5 });
            const full = new PaddedConv3D({ filters: 3, kernelSize, strides });
            full.build(x.shape);
            const y = layer.apply(x) as tf.Tensor;
            full.setWeights([diagonal(layer.getWeights()[0]!)]);
            expect(y.shape).toEqual(layer.computeOutputShape(x.shape));
            const along = random(y.shape, 2);
            const through = (one: DepthwiseConv3D | PaddedConv3D) => {
              const kernel = one.trainableWeights[0]!.read() as unknown as tf.Variable;
              const { value, grads } = tf.variableGrads(
                () => tf.sum(tf.mul(one.apply(x) as tf.Tensor, along)) as tf.Scalar,
                [kernel],
              );
              const inwards = tf.grad((z) => tf.sum(tf.mul(one.apply(z) as tf.Tensor, along)))(x);
              return { value, inwards, kernel: grads[kernel.name]! };
            };
            const [own, expected] = [through(layer), through(full)];
            const apart = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
            expect(apart(y, full.apply(x) as tf.Tensor)).toBeLessThan(1e-5);
            expect(apart(own.inwards, expected.inwards)).toBeLessThan(1e-5);
            const mask = diagonal(tf.onesLike(layer.getWeights()[0]!));
            expect(apart(diagonal(own.kernel), tf.mul(expected.kernel, mask))).toBeLessThan(1e-4);
          });
        },
      ),
      { numRuns: 25 },
    );
  });

  it.each([
    [
      [3, 3, 3],
      [1, 2, 2],
    ],
    [
      [5, 1, 1],
      [1, 1, 1],
    ],
  ] as [Size3, Size3][])('has the input gradient of finite differences: %s, %s', (kernelSize, strides) => {
    const layer = new DepthwiseConv3D({ kernelSize, strides, seed: 1 });
    expectGradientsOfDifferences((z) => layer.apply(z) as tf.Tensor, [random([1, 3, 4, 4, 2])]);
  });

  it('keeps its config and its outputs through a saved model, and takes any batch', async () => {
    const config = {
      kernelSize: [3, 1, 3] as Size3,
      strides: [2, 1, 1] as Size3,
      padding: [0, 0, 1] as Size3,
      seed: 4,
    };
    const x = input({ shape: [5, 4, 4, 3] });
    const layer = new DepthwiseConv3D({ ...config, name: 'depthwise' });
    const original = model({ inputs: x, outputs: layer.apply(x) as SymbolicTensor });
    perturbWeights(original);
    const copy = await reloaded(original);
    expect(copy.getLayer('depthwise').getConfig()).toMatchObject(config);
    for (const batch of [1, 3]) {
      const clips = random([batch, 5, 4, 4, 3]);
      const y = original.predict(clips) as tf.Tensor;
      expect(y.shape).toEqual([batch, ...original.outputShape.slice(1)]);
      expect((copy.predict(clips) as tf.Tensor).dataSync()).toEqual(y.dataSync());
    }
  });

  it('leaves no tensor behind, and has the initial weights of its seed', () => {
    const make = (seed: number) => new DepthwiseConv3D({ kernelSize: [3, 3, 3], seed });
    const x = random([1, 3, 4, 4, 2]);
    const [first, same, other] = [make(1), make(1), make(2)];
    for (const layer of [first, same, other]) tf.dispose(layer.apply(x) as tf.Tensor);
    const before = tf.memory().numTensors;
    const y = first.apply(x) as tf.Tensor;
    expect(tf.memory().numTensors).toBe(before + 1);
    y.dispose();
    const kernel = (layer: DepthwiseConv3D) => [...layer.getWeights()[0]!.dataSync()];
    expect(kernel(same)).toEqual(kernel(first));
    expect(kernel(other)).not.toEqual(kernel(first));
  });

  it('counts a product per position of the kernel and output value', () => {
    const layer = new DepthwiseConv3D({ kernelSize: [3, 3, 3], strides: [1, 2, 2] });
    const shape = [null, 4, 8, 8, 6];
    expect(layer.multiplyAdds(shape, layer.computeOutputShape(shape))).toBe(4 * 4 * 4 * 6 * 27);
  });
});
