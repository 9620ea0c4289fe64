import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectAsOnCpu, run, useOnnxAlone } from '../../compare.fixture.js';
import { onnxBinding, withoutOnnx } from '../useOnnx.fixture.js';

if (!onnxBinding) withoutOnnx('Pools');

type Four = [number, number, number, number];
type Five = [number, number, number, number, number];
type Three = [number, number, number];

const triple = (most: number) => fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 1, max: most })));
const pool = fc.record({
  batch: fc.constantFrom(1, 2),
  size: triple(6),
  window: triple(3),
  strides: triple(3),
  // Those of 16 and 32 are in blocks.
  channels: fc.constantFrom(1, 3, 16, 32),
  pad: fc.constantFrom<'same' | 'valid'>('same', 'valid'),
  ties: fc.boolean(),
});

describe.skipIf(!onnxBinding)('pools on onnx are those of the cpu backend', () => {
  beforeAll(useOnnxAlone);
  afterAll(() => tf.setBackend('cpu'));

  test('of images, with their gradients', () =>
    fc.assert(
      fc.asyncProperty(pool, async ({ batch, size, window, strides, channels, pad, ties }) => {
        const shape = [batch, ...size.slice(1), channels] as Four;
        const [filterSize, steps] = [window, strides].map((of) => of.slice(1) as [number, number]);
        const { outShape } = tf.backend_util.computePool2DInfo(shape, filterSize!, steps!, 1, pad);
        fc.pre(outShape.every((length) => length > 0));
        const attrs = { filterSize, strides: steps, pad };
        const x = { shape, ...(ties && { values: [0, -1, 0, 2, 0, 2, -3] }) };
        const dy = { shape: outShape };
        await expectAsOnCpu('MaxPool', { x }, attrs, 0);
        await expectAsOnCpu('MaxPoolGrad', { dy, input: x, output: dy }, attrs, 9);
        await expectAsOnCpu('AvgPool', { x }, attrs, 27);
        await expectAsOnCpu('AvgPoolGrad', { dy, input: x }, attrs, 9);
      }),
      { numRuns: 40 },
    ));

  test('of volumes, with the gradients of means', () =>
    fc.assert(
      fc.asyncProperty(pool, async ({ batch, size, window, strides, channels, pad }) => {
        const shape = [batch, ...size, channels] as Five;
        const { outShape } = tf.backend_util.computePool3DInfo(
          shape,
          window as Three,
          strides as Three,
          1,
          pad,
        );
        fc.pre(outShape.every((length) => length > 0));
        const attrs = { filterSize: window, strides, pad, dataFormat: 'NDHWC' };
        const x = { shape };
        const dy = { shape: outShape };
        await expectAsOnCpu('MaxPool3D', { x }, attrs, 0);
        await expectAsOnCpu('AvgPool3D', { x }, attrs, 27);
        // The cpu backend's mistakes a window's height for its width.
        if (window[1] !== window[2]) return;
        await expectAsOnCpu('AvgPool3DGrad', { dy, input: x }, attrs, 27);
        await expectAsOnCpu('MaxPool3DGrad', { dy, input: x, output: dy }, attrs, 27);
      }),
      { numRuns: 30 },
    ));

  test('but for the gradient of a window that is wider than high, where that of the cpu backend is wrong', async () => {
    const operands = {
      dy: { shape: [1, 1, 1, 1, 1], values: [5] },
      input: { shape: [1, 1, 2, 3, 1], values: [-6, -5, -4, -1, -2, -3] },
      output: { shape: [1, 1, 1, 1, 1], values: [-1] },
    };
    const attrs = { filterSize: [1, 2, 3], strides: [1, 2, 3], pad: 'valid' };
    const { values } = await run('onnx', 'MaxPool3DGrad', operands, attrs);
    expect(values).toEqual([[0, 0, 0, 5, 0, 0]]);
  });
});
