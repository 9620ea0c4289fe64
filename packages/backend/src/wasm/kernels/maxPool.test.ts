import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { expectAsOnCpu, run, useCompared } from '../../compare.fixture.js';

beforeAll(useCompared);

const side = (most: number) => fc.integer({ min: 1, max: most });

/**
 * A pool whose window is as wide as it is high: the cpu backend's gradient in 3D mistakes one for the other. Values
 * are of both signs, or whole numbers with many ties.
 */
const pool = fc
  .record({
    batch: side(2),
    depth: side(6),
    height: side(7),
    width: side(7),
    channels: side(4),
    window: fc.tuple(side(3), side(4)),
    strides: fc.tuple(side(3), side(3), side(3)),
    pad: fc.constantFrom<'same' | 'valid' | number>('same', 'valid', 1),
    ties: fc.boolean(),
  })
  .filter(({ pad, window }) => typeof pad === 'string' || Math.min(...window) > pad)
  .map(({ batch, depth, height, width, channels, window: [deep, high], ...rest }) => ({
    shape3d: [batch, depth, height, width, channels] as [number, number, number, number, number],
    shape2d: [batch, height, width, channels] as [number, number, number, number],
    size3d: [deep, high, high] as [number, number, number],
    size2d: [high, high] as [number, number],
    values: rest.ties ? [0, -1, 0, 2, 0, 2, -3] : undefined,
    ...rest,
  }));

const exact = 0;

test('MaxPool3D is that of the cpu backend, on negative values too', () =>
  fc.assert(
    fc.asyncProperty(pool, ({ shape3d, size3d, strides, pad, values }) => {
      const info = tf.backend_util.computePool3DInfo(shape3d, size3d, strides, 1, pad);
      fc.pre(info.outShape.every((size) => size > 0));
      const attrs = { filterSize: size3d, strides, pad, dataFormat: 'NDHWC' };
      return expectAsOnCpu('MaxPool3D', { x: { shape: shape3d, values } }, attrs, exact);
    }),
    { numRuns: 60 },
  ));

test('MaxPool3DGrad is that of the cpu backend, ties included', () =>
  fc.assert(
    fc.asyncProperty(pool, ({ shape3d, size3d, strides, pad, values }) => {
      const { outShape } = tf.backend_util.computePool3DInfo(shape3d, size3d, strides, 1, pad);
      fc.pre(outShape.every((size) => size > 0));
      const operands = {
        dy: { shape: outShape },
        input: { shape: shape3d, values },
        output: { shape: outShape },
      };
      return expectAsOnCpu('MaxPool3DGrad', operands, { filterSize: size3d, strides, pad }, 8);
    }),
    { numRuns: 60 },
  ));

test('MaxPoolGrad is that of the cpu backend, ties included', () =>
  fc.assert(
    fc.asyncProperty(pool, ({ shape2d, size2d, strides: [high, wide], pad, values }) => {
      const { outShape } = tf.backend_util.computePool2DInfo(shape2d, size2d, [high, wide], 1, pad);
      fc.pre(outShape.every((size) => size > 0));
      const operands = {
        dy: { shape: outShape },
        input: { shape: shape2d, values },
        output: { shape: outShape },
      };
      return expectAsOnCpu('MaxPoolGrad', operands, { filterSize: size2d, strides: [high, wide], pad }, 8);
    }),
    { numRuns: 60 },
  ));

test('the gradient of a window that is wider than high goes to the greatest value', async () => {
  const operands = {
    dy: { shape: [1, 1, 1, 1, 1], values: [5] },
    input: { shape: [1, 1, 2, 3, 1], values: [-6, -5, -4, -1, -2, -3] },
    output: { shape: [1, 1, 1, 1, 1], values: [-1] },
  };
  const attrs = { filterSize: [1, 2, 3], strides: [1, 2, 3], pad: 'valid' };
  const { values } = await run('wasm', 'MaxPool3DGrad', operands, attrs);
  expect(values).toEqual([[0, 0, 0, 5, 0, 0]]);
});
