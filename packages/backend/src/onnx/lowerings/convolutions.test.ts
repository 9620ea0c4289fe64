import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { expectAsOnCpu, useOnnxAlone } from '../../compare.fixture.js';
import { onnxBinding, withoutOnnx } from '../useOnnx.fixture.js';

if (!onnxBinding) withoutOnnx('Convolutions in blocks of channels');

type Four = [number, number, number, number];
type Five = [number, number, number, number, number];
type Three = [number, number, number];

const triple = (...sizes: number[]) =>
  fc.tuple(fc.constantFrom(...sizes), fc.constantFrom(...sizes), fc.constantFrom(...sizes));

/** Channels that fill blocks, that are fewer than one has, and that fill none. */
const convolution = fc.record({
  batch: fc.constantFrom(1, 3),
  size: triple(2, 3, 5, 6),
  window: triple(1, 2, 3),
  // Strides above the filter leave inputs out that no output looks at.
  strides: triple(1, 1, 2, 3),
  channels: fc.constantFrom(1, 3, 5, 8, 12, 16),
  filters: fc.constantFrom(5, 8, 16, 24),
  pad: fc.constantFrom<'same' | 'valid'>('same', 'valid'),
});
const termsOf = (window: readonly number[], channels: number) => tf.util.sizeFromShape([...window, channels]);

describe.skipIf(!onnxBinding)('convolutions on onnx are those of the cpu backend', () => {
  beforeAll(useOnnxAlone);
  afterAll(() => tf.setBackend('cpu'));

  test('of volumes, with their gradients', () =>
    fc.assert(
      fc.asyncProperty(convolution, async ({ batch, size, window, strides, channels, filters, pad }) => {
        const inputShape = [batch, ...size, channels] as Five;
        const filterShape = [...window, channels, filters] as Five;
        const { outShape } = tf.backend_util.computeConv3DInfo(
          inputShape,
          filterShape,
          strides as Three,
          1,
          pad,
        );
        fc.pre(outShape.every((length) => length > 0));
        const attrs = { strides, pad, dataFormat: 'NDHWC', dilations: [1, 1, 1], inputShape, filterShape };
        const [x, filter, dy] = [inputShape, filterShape, outShape].map((shape) => ({ shape }));
        await expectAsOnCpu('Conv3D', { x: x!, filter: filter! }, attrs, termsOf(window, channels));
        const backwards = { dy: dy!, filter: filter! };
        await expectAsOnCpu('Conv3DBackpropInputV2', backwards, attrs, termsOf(window, filters));
        const terms = tf.util.sizeFromShape(outShape.slice(0, 4));
        await expectAsOnCpu('Conv3DBackpropFilterV2', { x: x!, dy: dy! }, attrs, terms);
      }),
      { numRuns: 40 },
    ));

  test('of images, dilated too, with their gradients', () =>
    fc.assert(
      fc.asyncProperty(
        convolution,
        fc.constantFrom<[number, number]>([1, 1], [2, 1], [1, 3]),
        async ({ batch, size, window, strides, channels, filters, pad }, dilations) => {
          const inputShape = [batch, ...size.slice(1), channels] as Four;
          const filterShape = [...window.slice(1), channels, filters] as Four;
          const dilated = dilations.some((dilation) => dilation > 1);
          const steps = (dilated ? [1, 1] : strides.slice(1)) as [number, number];
          const { outShape } = tf.backend_util.computeConv2DInfo(
            inputShape,
            filterShape,
            steps,
            dilations,
            pad,
          );
          fc.pre(outShape.every((length) => length > 0));
          const attrs = { strides: steps, pad, dataFormat: 'NHWC', dilations, inputShape, filterShape };
          const [x, filter, dy] = [inputShape, filterShape, outShape].map((shape) => ({ shape }));
          await expectAsOnCpu('Conv2D', { x: x!, filter: filter! }, attrs, termsOf(window, channels));
          // tfjs has no gradient of dilated ones.
          if (dilated) return;
          const backwards = { dy: dy!, filter: filter! };
          await expectAsOnCpu('Conv2DBackpropInput', backwards, attrs, termsOf(window, filters));
          const terms = tf.util.sizeFromShape(outShape.slice(0, 3));
          await expectAsOnCpu('Conv2DBackpropFilter', { x: x!, dy: dy! }, attrs, terms);
        },
      ),
      { numRuns: 40 },
    ));

  test('of each channel by itself, in blocks', async () => {
    for (const [channels, stride] of [
      [16, 1],
      [16, 2],
      [32, 1],
    ] as const) {
      const inputShape = [2, 5, 6, channels];
      const filterShape = [3, 3, channels, 1];
      const attrs = { strides: [stride, stride], pad: 'same', dilations: [1, 1], inputShape, filterShape };
      const [x, filter] = [inputShape, filterShape].map((shape) => ({ shape }));
      const dy = { shape: [2, Math.ceil(5 / stride), Math.ceil(6 / stride), channels] };
      await expectAsOnCpu('DepthwiseConv2dNative', { x: x!, filter: filter! }, attrs, 9);
      await expectAsOnCpu('DepthwiseConv2dNativeBackpropInput', { dy, filter: filter! }, attrs, 9);
      await expectAsOnCpu('DepthwiseConv2dNativeBackpropFilter', { x: x!, dy }, attrs, 60);
    }
  });

  test('in NCHW, which is left to it', () =>
    expectAsOnCpu(
      'Conv2D',
      { x: { shape: [2, 3, 5, 6] }, filter: { shape: [3, 2, 3, 8] } },
      { strides: [1, 2], pad: 'same', dataFormat: 'NCHW', dilations: [1, 1] },
      18,
    ));

  test.each([undefined, 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu', 'linear'])(
    'with a bias and the activation %s',
    async (activation) => {
      const attrs = {
        strides: 1,
        pad: 'same',
        dataFormat: 'NHWC',
        dilations: [1, 1],
        activation,
        leakyreluAlpha: 0.1,
      };
      const extra = {
        bias: { shape: [16] },
        ...(activation === 'prelu' && { preluActivationWeights: { shape: [16] } }),
      };
      const image = { x: { shape: [2, 4, 5, 8] }, filter: { shape: [3, 3, 8, 16] } };
      await expectAsOnCpu('FusedConv2D', { ...image, ...extra }, attrs, 73);
      const matrices = { a: { shape: [2, 5, 8] }, b: { shape: [2, 16, 8] } };
      const product = { transposeA: false, transposeB: true, activation, leakyreluAlpha: 0.1 };
      await expectAsOnCpu('_FusedMatMul', { ...matrices, ...extra }, product, 9);
    },
  );
});
