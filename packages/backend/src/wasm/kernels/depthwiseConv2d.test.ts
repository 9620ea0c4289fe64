import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, test } from 'vitest';
import { expectAsOnCpu, useCompared } from '../../compare.fixture.js';

beforeAll(useCompared);

type Four = [number, number, number, number];

const pair = (most: number) => fc.tuple(fc.integer({ min: 1, max: most }), fc.integer({ min: 1, max: most }));

const convolution = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    size: pair(9),
    filter: pair(4),
    channels: fc.constantFrom(1, 2, 5, 8),
    multiplier: fc.constantFrom(1, 2, 3),
    strides: pair(3),
    pad: fc.constantFrom<'same' | 'valid' | number>('same', 'valid', 1, 2),
  })
  .map(({ batch, size, filter, channels, multiplier, strides, pad }) => {
    const inputShape = [batch, ...size, channels] as Four;
    const filterShape = [...filter, channels, multiplier] as Four;
    const info = tf.backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, 'floor', true);
    const attrs = { strides, pad, dilations: [1, 1], dimRoundingMode: 'floor', inputShape, filterShape };
    return { inputShape, filterShape, outShape: info.outShape, attrs };
  })
  .filter(({ outShape }) => outShape.every((size) => size > 0));

test('DepthwiseConv2dNative is that of the cpu backend, strides larger than the filter included', () =>
  fc.assert(
    fc.asyncProperty(convolution, ({ inputShape, filterShape, attrs }) => {
      const operands = { x: { shape: inputShape }, filter: { shape: filterShape } };
      return expectAsOnCpu('DepthwiseConv2dNative', operands, attrs, filterShape[0] * filterShape[1]);
    }),
    { numRuns: 80 },
  ));

test('FusedDepthwiseConv2D is that of the cpu backend', () =>
  fc.assert(
    fc.asyncProperty(convolution, ({ inputShape, filterShape, outShape, attrs }) => {
      const operands = {
        x: { shape: inputShape },
        filter: { shape: filterShape },
        bias: { shape: [outShape[3]] },
      };
      const fused = { ...attrs, activation: 'relu', dataFormat: 'NHWC' };
      return expectAsOnCpu('FusedDepthwiseConv2D', operands, fused, filterShape[0] * filterShape[1]);
    }),
    { numRuns: 40 },
  ));

test('DepthwiseConv2dNativeBackpropInput is that of the cpu backend', () =>
  fc.assert(
    fc.asyncProperty(convolution, ({ filterShape, outShape, attrs }) => {
      const operands = { dy: { shape: outShape }, filter: { shape: filterShape } };
      const terms = tf.util.sizeFromShape(filterShape) / filterShape[2];
      return expectAsOnCpu('DepthwiseConv2dNativeBackpropInput', operands, attrs, terms);
    }),
    { numRuns: 80 },
  ));

test('DepthwiseConv2dNativeBackpropFilter is that of the cpu backend', () =>
  fc.assert(
    fc.asyncProperty(convolution, ({ inputShape, outShape, attrs }) => {
      const operands = { x: { shape: inputShape }, dy: { shape: outShape } };
      const terms = tf.util.sizeFromShape(outShape.slice(0, 3));
      return expectAsOnCpu('DepthwiseConv2dNativeBackpropFilter', operands, attrs, terms);
    }),
    { numRuns: 80 },
  ));
