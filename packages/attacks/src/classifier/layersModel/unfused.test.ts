import { normal, values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { classifierOf } from '../../index.js';
import { registerGradients } from '../../tensors/registerGradients.js';
import { unfused } from './unfused.js';

const image = normal([2, 7, 6, 3], 1);
const initial = { biasInitializer: 'randomNormal', kernelInitializer: 'randomNormal' } as const;
const conv = (config: Partial<Parameters<typeof tfl.layers.conv2d>[0]>) =>
  tfl.layers.conv2d({ filters: 4, kernelSize: 3, ...initial, ...config });

// Gradients with dilation are among those that attacks register.
beforeAll(registerGradients);

describe('unfused', () => {
  it.each<[string, tfl.layers.Layer, tf.Tensor]>([
    ['a convolution', conv({}), image],
    ['strides and padding', conv({ strides: [2, 1], padding: 'same', kernelSize: [3, 2] }), image],
    ['no bias, relu', conv({ useBias: false, activation: 'relu' }), image],
    ['softmax', conv({ activation: 'softmax' }), image],
    ['a dilation', conv({ dilationRate: [2, 1], padding: 'same', activation: 'relu' }), image],
    ['a dense layer', tfl.layers.dense({ units: 5, ...initial }), normal([4, 3], 2)],
    ['a dense layer on rank 4', tfl.layers.dense({ units: 5, activation: 'tanh', ...initial }), image],
  ])('gives the output and gradient of the layer: %s', (_, layer, x) => {
    const expected = layer.apply([x]) as tf.Tensor;
    const got = unfused(layer, x)!;
    expect(got.shape).toEqual(expected.shape);
    const others = values(expected);
    for (const [i, value] of values(got).entries()) expect(value).toBeCloseTo(others[i]!, 5);
    const slope = (f: (point: tf.Tensor) => tf.Tensor) => values(tf.grad((point) => tf.square(f(point)))(x));
    const slopes = slope((point) => layer.apply([point]) as tf.Tensor);
    for (const [i, value] of slope((point) => unfused(layer, point)!).entries())
      expect(value).toBeCloseTo(slopes[i]!, 4);
  });

  it('returns undefined for other layers', () => {
    expect(unfused(tfl.layers.flatten(), image)).toBeUndefined();
    expect(unfused(conv({ dataFormat: 'channelsFirst' }), image)).toBeUndefined();
    const watched = conv({});
    watched.call = () => image;
    expect(unfused(watched, image)).toBeUndefined();
  });

  it('keeps weight gradients out of the backward pass of a classifier', () => {
    const input = tfl.input({ shape: [7, 6, 3], name: 'rgb' });
    const features = tfl.layers.flatten().apply(conv({}).apply(input)) as tfl.SymbolicTensor;
    const logits = tfl.layers.dense({ units: 3 }).apply(features) as tfl.SymbolicTensor;
    const model = tfl.model({ inputs: input, outputs: logits });
    const kernelsOf = (f: (x: tf.Tensor) => tf.Tensor) => {
      const spy = vi.spyOn(tf.engine(), 'runKernel');
      tf.grad(f)(image).dispose();
      const names = spy.mock.calls.map(([name]) => name);
      spy.mockRestore();
      return names.filter((name) => name === 'Conv2DBackpropFilter' || name === 'BatchMatMul').sort();
    };
    const classifier = classifierOf(model);
    expect(kernelsOf((x) => classifier({ rgb: x }))).toEqual(['BatchMatMul', 'BatchMatMul']);
    // The model's own backward pass, for comparison: two products and a filter gradient instead of one product.
    expect(kernelsOf((x) => model.apply(x) as tf.Tensor)).toEqual([
      'BatchMatMul',
      'BatchMatMul',
      'Conv2DBackpropFilter',
    ]);
  });
});
