import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, test } from 'vitest';
import { expectAsOnCpu, useCompared } from '../../compare.fixture.js';

beforeAll(useCompared);

type Four = [number, number, number, number];
type Pad = 'same' | 'valid' | number | [number, number][];

const pair = (most: number) => fc.tuple(fc.integer({ min: 1, max: most }), fc.integer({ min: 1, max: most }));

/** A padding for each side of each axis, as tfjs takes it in NHWC. */
const explicit = fc
  .tuple(pair(2), pair(2))
  .map(([height, width]): [number, number][] => [[0, 0], height, width, [0, 0]]);

const convolution = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    size: pair(9),
    filter: pair(4),
    channels: fc.constantFrom(1, 2, 3, 8, 9),
    filters: fc.constantFrom(1, 3, 8, 17),
    strides: pair(3),
    dilations: pair(3),
    pad: fc.oneof(fc.constantFrom<Pad>('same', 'valid', 1, 2), explicit),
    format: fc.constantFrom<'NHWC' | 'NCHW'>('NHWC', 'NCHW'),
  })
  .map((c) => ({ ...c, dilations: c.strides.some((stride) => stride > 1) ? [1, 1] : c.dilations }));

/** Shapes and attributes of a case; for a gradient without dilation, which tfjs doesn't allow there. */
function described({ batch, size, filter, channels, filters, ...rest }: Case, gradient: boolean) {
  const { strides, pad, format } = rest;
  const dilations = gradient ? [1, 1] : rest.dilations;
  const last = [batch, ...size, channels] as Four;
  const filterShape = [...filter, channels, filters] as Four;
  const info = tf.backend_util.computeConv2DInfo(
    last,
    filterShape,
    strides,
    dilations as [number, number],
    pad as 'same',
    'floor',
  );
  const arranged = ([n, h, w, c]: Four) => (format === 'NHWC' ? [n, h, w, c] : [n, c, h, w]);
  const padding = Array.isArray(pad) && format === 'NCHW' ? [pad[0], pad[3], pad[1], pad[2]] : pad;
  return {
    possible: info.outShape.every((length) => length > 0),
    input: { shape: arranged(last) },
    filter: { shape: filterShape as number[] },
    output: { shape: arranged(info.outShape as Four) },
    attrs: {
      strides,
      pad: padding,
      dilations,
      dataFormat: format,
      dimRoundingMode: 'floor',
      inputShape: arranged(last),
      filterShape,
    },
    info,
  };
}
type Case = typeof convolution extends fc.Arbitrary<infer T> ? T : never;

const cases = (gradient: boolean) =>
  convolution.map((c) => described(c, gradient)).filter(({ possible }) => possible);

test('Conv2D is that of the cpu backend: strides, dilations, paddings, formats', () =>
  fc.assert(
    fc.asyncProperty(cases(false), ({ input, filter, attrs }) =>
      expectAsOnCpu('Conv2D', { x: input, filter }, attrs, tf.util.sizeFromShape(filter.shape.slice(0, 3))),
    ),
    { numRuns: 60 },
  ));

test('Conv2DBackpropInput is that of the cpu backend', () =>
  fc.assert(
    fc.asyncProperty(cases(true), ({ output, filter, attrs }) =>
      expectAsOnCpu(
        'Conv2DBackpropInput',
        { dy: output, filter },
        attrs,
        tf.util.sizeFromShape(filter.shape),
      ),
    ),
    { numRuns: 60 },
  ));

test('Conv2DBackpropFilter is that of the cpu backend', () =>
  fc.assert(
    fc.asyncProperty(cases(true), ({ input, output, attrs }) =>
      expectAsOnCpu(
        'Conv2DBackpropFilter',
        { x: input, dy: output },
        attrs,
        tf.util.sizeFromShape(output.shape),
      ),
    ),
    { numRuns: 60 },
  ));

test('FusedConv2D is that of the cpu backend with every activation', () =>
  fc.assert(
    fc.asyncProperty(
      cases(false).filter(({ attrs }) => attrs.dataFormat === 'NHWC'),
      fc.constantFrom('linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'),
      fc.boolean(),
      ({ input, filter, attrs, info }, activation, biased) =>
        expectAsOnCpu(
          'FusedConv2D',
          {
            x: input,
            filter,
            ...(biased && { bias: { shape: [info.outChannels] } }),
            ...(activation === 'prelu' && { preluActivationWeights: { shape: [info.outChannels] } }),
          },
          { ...attrs, activation, leakyreluAlpha: 0.2 },
          tf.util.sizeFromShape(filter.shape.slice(0, 3)),
        ),
    ),
    { numRuns: 60 },
  ));
