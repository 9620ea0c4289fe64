import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { expectAsOnCpu, type Operand, useOnnxAlone } from '../../compare.fixture.js';
import { onnxBinding, withoutOnnx } from '../useOnnx.fixture.js';

// FusedConv2D and _FusedMatMul are in the test of convolutions.
if (!onnxBinding) withoutOnnx('Kernels of several in one');

describe.skipIf(!onnxBinding)('on onnx as on cpu', () => {
  beforeAll(useOnnxAlone);
  afterAll(() => tf.setBackend('cpu'));

  test.each([
    ['per channel', [6]],
    ['of one channel', [1]],
    ['per place', [3, 5, 6]],
  ])('FusedBatchNorm %s, with and without its scale and its offset', async (_, of) => {
    const positive: Operand = { shape: of, values: [0.5, 1.25, 2, 0.75, 3] };
    const inputs = { x: { shape: [2, 3, 5, 6] }, mean: { shape: of }, variance: positive };
    const [scale, offset] = [{ shape: of, values: [1.5, -0.5, 1] }, { shape: of }];
    const attrs = { varianceEpsilon: 0.01 };
    const extras: { [name: string]: Operand }[] = [{ scale, offset }, { scale }, { offset }, {}];
    for (const extra of extras) {
      await expectAsOnCpu('FusedBatchNorm', { ...inputs, ...extra }, attrs, 5);
    }
  });

  test.each(['linear', 'relu', 'relu6', 'elu', 'leakyrelu'])('FusedDepthwiseConv2D with %s', (activation) =>
    expectAsOnCpu(
      'FusedDepthwiseConv2D',
      { x: { shape: [2, 5, 6, 16] }, filter: { shape: [3, 3, 16, 1] }, bias: { shape: [16] } },
      {
        strides: [1, 1],
        pad: 'same',
        dataFormat: 'NHWC',
        dilations: [1, 1],
        activation,
        ...(activation === 'leakyrelu' && { leakyreluAlpha: 0.2 }),
      },
      10,
    ),
  );

  test('AddN of one tensor, and of several', async () => {
    await expectAsOnCpu('AddN', { 0: { shape: [3, 4] } }, {}, 0);
    await expectAsOnCpu('AddN', { 0: { shape: [3, 4] }, 1: { shape: [3, 4] }, 2: { shape: [3, 4] } }, {}, 3);
  });
});
