import { useOn } from '@amr/testing/backends/useOn';
import { noise } from '@amr/testing/tensors/noise';
import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { registerMissingGradients } from './registerMissingGradients.js';

type Config = Parameters<typeof layers.conv2d>[0];

const initial = { biasInitializer: 'randomNormal', kernelInitializer: 'randomNormal' } as const;
const conv = (config: Partial<Config>) =>
  layers.conv2d({ filters: 3, kernelSize: [3, 2], dilationRate: [2, 3], ...initial, ...config });
const image = () => tf.tensor(noise(2 * 8 * 7 * 2, 1), [2, 8, 7, 2]);

beforeAll(registerMissingGradients);

describe.each(['cpu', 'wasm', 'onnx'] as const)("tfjs-layers' Conv2D with dilation on %s", (backend) => {
  if (backend !== 'cpu') useOn(backend);

  it.each<[string, Partial<Config>]>([
    ['linear', {}],
    ['no bias, relu, same padding', { useBias: false, activation: 'relu', padding: 'same' }],
    ['tanh', { activation: 'tanh' }],
  ])('has the gradients of the unfused operations, for input and weights: %s', (_, config) => {
    const layer = conv(config);
    const x = image();
    const output = layer.apply(x) as tf.Tensor;
    const variables = layer.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const [kernel, bias] = variables;
    const reference = (given: tf.Tensor, ...[own, shift]: tf.Tensor[]) => {
      const y = tf.conv2d(
        given as tf.Tensor4D,
        own as tf.Tensor4D,
        1,
        config.padding === 'same' ? 'same' : 'valid',
        'NHWC',
        [2, 3],
      );
      const shifted = shift ? tf.add(y, shift) : y;
      if (config.activation === 'relu') return tf.relu(shifted);
      return config.activation === 'tanh' ? tf.tanh(shifted) : shifted;
    };
    const values = (t: tf.Tensor) => Array.from(t.dataSync());
    const expectEqual = (got: tf.Tensor, expected: tf.Tensor) => {
      const others = values(expected);
      // The same operations in single precision; the fused forward pass may add in another order.
      for (const [i, value] of values(got).entries()) expect(value).toBeCloseTo(others[i]!, 4);
    };
    expectEqual(output, reference(x, kernel!, ...(bias ? [bias] : [])));
    const expected = tf.grads((...given) => tf.square(reference(given[0]!, ...given.slice(1))))([
      x,
      ...variables,
    ]);
    expectEqual(tf.grad((given) => tf.square(layer.apply(given) as tf.Tensor))(x), expected[0]!);
    const { grads } = tf.variableGrads(() => tf.sum(tf.square(layer.apply(x) as tf.Tensor)), variables);
    variables.forEach((variable, i) => {
      expectEqual(grads[variable.name]!, expected[i + 1]!);
    });
  });
});

describe("tfjs-layers' Conv2D", () => {
  it('has gradients with channels first, the same as with channels last', () => {
    const last = conv({ activation: 'relu' });
    const first = conv({ activation: 'relu', dataFormat: 'channelsFirst' });
    const slope = (layer: layers.Layer, x: tf.Tensor) =>
      tf.grad((given) => tf.square(layer.apply(given) as tf.Tensor))(x);
    const x = image();
    const turned = tf.transpose(x, [0, 3, 1, 2]);
    last.apply(x);
    first.apply(turned);
    first.setWeights(last.getWeights());
    const expected = slope(last, x).dataSync();
    const got = tf.transpose(slope(first, turned), [0, 2, 3, 1]).dataSync();
    got.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 4);
    });
  });

  it.each([
    ['without dilation, gradients are taken', 1, true],
    ['with dilation, none are', 2, false],
  ] as const)('still runs the fused kernel when, %s', (_, dilationRate, gradients) => {
    const layer = conv({ dilationRate });
    const x = image();
    layer.apply(x);
    const kernels: string[] = [];
    const engine = tf.engine();
    const runKernel = engine.runKernel;
    engine.runKernel = <T extends tf.Tensor | tf.Tensor[]>(...given: Parameters<typeof runKernel>): T => {
      kernels.push(given[0]);
      return runKernel.apply(engine, given) as T;
    };
    try {
      if (gradients) tf.grad((given) => layer.apply(given) as tf.Tensor)(x);
      else layer.apply(x);
    } finally {
      engine.runKernel = runKernel;
    }
    expect(kernels).toContain('FusedConv2D');
    expect(kernels).not.toContain('Conv2D');
  });
});

describe.each(['cpu', 'wasm', 'onnx'] as const)("tfjs-layers' BatchNormalization on %s", (backend) => {
  if (backend !== 'cpu') useOn(backend);

  it.each([
    ['scale', { scale: false }, false],
    ['center', { center: false }, false],
    ['both', { scale: false, center: false }, false],
    ['scale, in training', { scale: false }, true],
    ['both, in training', { scale: false, center: false }, true],
  ] as const)('has the gradient of a whole layer without %s', (_, config, training) => {
    const x = tf.tensor(noise(2 * 3 * 4, 2), [2, 3, 4]);
    const slopes = [config, {}].map((own) => {
      const layer = layers.batchNormalization(own);
      layer.apply(x);
      const f = (point: tf.Tensor) => tf.square(layer.apply(point, { training }) as tf.Tensor);
      const before = tf.memory().numTensors;
      const slope = tf.grad(f)(x);
      expect(tf.memory().numTensors).toBe(before + 1);
      return Array.from(slope.dataSync());
    });
    // Gradients in training are differences of almost equal sums, of order 1.
    slopes[0]!.forEach((slope, i) => {
      expect(slope).toBeCloseTo(slopes[1]![i]!, 5);
    });
  });
});
