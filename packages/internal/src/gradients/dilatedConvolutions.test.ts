import { useOn } from '@amr/testing/backends/useOn';
import { noise } from '@amr/testing/tensors/noise';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { type NaiveConvolution, naiveOutputs, weightedOutputs } from './naiveConvolution.fixture.js';
import { registerMissingGradients } from './registerMissingGradients.js';

interface Case extends NaiveConvolution {
  run(x: tf.Tensor, filter: tf.Tensor): tf.Tensor;
}

type Pair = [number, number];
type Padding = 'same' | 'valid' | number | [Pair, Pair, Pair, Pair];

function conv2d(
  xShape: number[],
  filterShape: number[],
  dilations: Pair,
  pad: Padding,
  padding: Pair[],
): Case {
  return {
    xShape,
    filterShape,
    dilations,
    padding,
    run: (x, filter) =>
      tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, pad as 'same', 'NHWC', dilations),
  };
}

const cases: [string, Case][] = [
  ['conv2d, valid', conv2d([2, 7, 8, 2], [3, 2, 2, 3], [2, 3], 'valid', [[0, 0], [0, 0]])], // biome-ignore format: pairs
  ['conv2d, same, even kernel', conv2d([2, 6, 5, 2], [2, 3, 2, 3], [3, 2], 'same', [[1, 2], [2, 2]])], // biome-ignore format: pairs
  ['conv2d, dilation in one axis', conv2d([1, 6, 5, 2], [3, 3, 2, 2], [2, 1], 'same', [[2, 2], [1, 1]])], // biome-ignore format: pairs
  ['conv2d, a number as padding', conv2d([1, 5, 5, 1], [3, 3, 1, 2], [2, 2], 1, [[1, 1], [1, 1]])], // biome-ignore format: pairs
  [
    'conv2d, padding beyond the kernel',
    conv2d([1, 4, 5, 1], [2, 2, 1, 2], [2, 2], [[0, 0], [3, 0], [0, 4], [0, 0]], [[3, 0], [0, 4]]), // biome-ignore format: pairs
  ],
  ['conv2d, kernel wider than the input', conv2d([1, 3, 4, 1], [3, 3, 1, 2], [4, 3], 'same', [[4, 4], [3, 3]])], // biome-ignore format: pairs
  [
    'conv1d, same',
    {
      xShape: [2, 9, 2],
      filterShape: [3, 2, 4],
      dilations: [3],
      padding: [[3, 3]],
      run: (x, filter) => tf.conv1d(x as tf.Tensor3D, filter as tf.Tensor3D, 1, 'same', 'NWC', 3),
    },
  ],
  [
    'depthwise, same',
    {
      xShape: [2, 6, 5, 3],
      filterShape: [3, 2, 3, 1],
      dilations: [2, 3],
      padding: [[2, 2], [1, 2]], // biome-ignore format: pairs
      depthwise: true,
      run: (x, filter) =>
        tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same', 'NHWC', [2, 3]),
    },
  ],
  [
    'depthwise with two filters per channel, valid',
    {
      xShape: [2, 6, 7, 2],
      filterShape: [2, 3, 2, 2],
      dilations: [2, 2],
      padding: [[0, 0], [0, 0]], // biome-ignore format: pairs
      depthwise: true,
      run: (x, filter) => tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'valid', 'NHWC', 2),
    },
  ],
  [
    'conv3d, same',
    {
      xShape: [1, 4, 5, 4, 2],
      filterShape: [3, 2, 2, 2, 2],
      dilations: [2, 1, 2],
      padding: [[2, 2], [0, 1], [1, 1]], // biome-ignore format: pairs
      run: (x, filter) => tf.conv3d(x as tf.Tensor5D, filter as tf.Tensor5D, 1, 'same', 'NDHWC', [2, 1, 2]),
    },
  ],
];

beforeAll(registerMissingGradients);

describe.each(['cpu', 'wasm', 'onnx'] as const)('gradients of dilated convolutions on %s', (backend) => {
  if (backend !== 'cpu') useOn(backend);

  it.each(cases)('are the differences of the definition: %s', (_, convolution) => {
    const { xShape, filterShape, run } = convolution;
    const x = noise(tf.util.sizeFromShape(xShape), 1);
    const filter = noise(tf.util.sizeFromShape(filterShape), 2);
    const outputs = naiveOutputs(convolution, x, filter);
    const weights = noise(outputs.length, 3);
    const before = tf.memory().numTensors;
    const [y, dx, dFilter] = tf.tidy(() => {
      const at = [tf.tensor(x, xShape), tf.tensor(filter, filterShape)] as const;
      const output = run(...at);
      const dy = tf.tensor(weights, output.shape);
      const slopes = tf.grads((...given) => run(given[0]!, given[1]!))([...at], dy);
      // The inputs alone, as attacks take them.
      const [alone] = [tf.grad((given) => run(given, at[1]))(at[0], dy)];
      return [output, ...slopes, alone].map((t) => Array.from(t.dataSync()));
    });
    expect(tf.memory().numTensors).toBe(before);
    // Sums of at most 100 products of numbers below 1, rounded to about 1e-7 each.
    expectClose(y!, outputs, 1e-5);
    // The output is linear in each of them, so a difference with step 1 is the slope but for rounding.
    const slope = (vary: (values: Float64Array) => number, values: Float32Array) =>
      Array.from(values, (_, i) => {
        const at = (change: number) => vary(Float64Array.from(values, (v, j) => (j === i ? v + change : v)));
        return (at(1) - at(-1)) / 2;
      });
    expectClose(
      dx!,
      slope((given) => weightedOutputs(convolution, given, filter, weights), x),
      1e-5,
    );
    expectClose(
      dFilter!,
      slope((given) => weightedOutputs(convolution, x, given, weights), filter),
      1e-5,
    );
  });
});

describe('channels first', () => {
  it.each([1, 2] as const)(
    'gives the gradients of channels last, with explicit padding, dilation %i',
    (rate) => {
      const x = tf.tensor(noise(2 * 7 * 6 * 2, 1), [2, 7, 6, 2]) as tf.Tensor4D;
      const filter = tf.tensor(noise(3 * 2 * 2 * 3, 2), [3, 2, 2, 3]) as tf.Tensor4D;
      const [none, rows, columns]: Pair[] = [[0, 0], [2, 1], [0, 3]]; // biome-ignore format: pairs
      const last = (a: tf.Tensor4D, b: tf.Tensor4D) =>
        tf.conv2d(a, b, 1, [none!, rows!, columns!, none!], 'NHWC', rate);
      const first = (a: tf.Tensor4D, b: tf.Tensor4D) => {
        const y = tf.conv2d(
          tf.transpose(a, [0, 3, 1, 2]),
          b,
          1,
          [none!, none!, rows!, columns!],
          'NCHW',
          rate,
        );
        return tf.transpose(y, [0, 2, 3, 1]);
      };
      const slopes = (f: typeof last) =>
        tf.grads((a, b) => tf.square(f(a as tf.Tensor4D, b as tf.Tensor4D)))([x, filter]);
      const expected = slopes(last);
      slopes(first).forEach((slope, i) => {
        // The same sums, in another order.
        expectClose(Array.from(slope.dataSync()), Array.from(expected[i]!.dataSync()), 1e-4);
      });
    },
  );
});

describe('convolutions whose gradients tfjs has', () => {
  it('have the same ones, bit for bit, at every stride and padding', () => {
    const x = tf.tensor(noise(2 * 7 * 6 * 2, 1), [2, 7, 6, 2]) as tf.Tensor4D;
    const filter = tf.tensor(noise(3 * 2 * 2 * 3, 2), [3, 2, 2, 3]) as tf.Tensor4D;
    for (const stride of [1, 2]) {
      for (const pad of ['same', 'valid'] as const) {
        const [dx, dFilter] = tf.grads((a, b) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, stride, pad))([
          x,
          filter,
        ]);
        const dy = tf.onesLike(tf.conv2d(x, filter, stride, pad));
        const engine = tf.engine();
        const attrs = { strides: [stride, stride], pad, dataFormat: 'NHWC' };
        const stock = engine.runKernel(
          'Conv2DBackpropInput',
          { dy, filter },
          { ...attrs, inputShape: x.shape },
        );
        const stockFilter = engine.runKernel(
          'Conv2DBackpropFilter',
          { x, dy },
          { ...attrs, filterShape: filter.shape },
        );
        expect(dx!.dataSync()).toEqual((stock as tf.Tensor).dataSync());
        expect(dFilter!.dataSync()).toEqual((stockFilter as tf.Tensor).dataSync());
      }
    }
  });

  it('keep a gradient that someone else registers for dilations', () => {
    const stock = tf.getGradient('Conv2D');
    try {
      tf.registerGradient({
        kernelName: 'Conv2D',
        inputsToSave: ['x', 'filter'],
        gradFunc: (_, [x, filter]) => ({
          x: () => tf.fill(x!.shape, 7),
          filter: () => tf.fill(filter!.shape, 7),
        }),
      });
      registerMissingGradients();
      const slope = tf.grad((x) => tf.conv2d(x as tf.Tensor4D, tf.ones([2, 2, 1, 1]), 1, 'valid', 'NHWC', 2));
      expect(slope(tf.ones([1, 3, 3, 1])).dataSync()[0]).toBe(7);
    } finally {
      tf.registerGradient(stock);
    }
  });

  it('are extended once, however often and by however many copies they are registered', () => {
    const before = ['Conv2D', 'Conv3D', 'DepthwiseConv2dNative', 'Equal', 'GatherV2'].map(tf.getGradient);
    registerMissingGradients();
    const after = ['Conv2D', 'Conv3D', 'DepthwiseConv2dNative', 'Equal', 'GatherV2'].map(tf.getGradient);
    after.forEach((config, i) => {
      expect(config).toBe(before[i]);
    });
  });
});

function expectClose(got: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(got.length).toBe(expected.length);
  const furthest = Math.max(...got.map((value, i) => Math.abs(value - expected[i]!)));
  expect(furthest).toBeLessThan(tolerance);
}
