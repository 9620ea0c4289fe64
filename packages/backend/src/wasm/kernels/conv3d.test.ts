import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { expectAsOnCpu, run, useCompared } from '../../compare.fixture.js';

beforeAll(useCompared);

const three = (most: number) =>
  fc.tuple(
    fc.integer({ min: 1, max: most }),
    fc.integer({ min: 1, max: most }),
    fc.integer({ min: 1, max: most }),
  );

type Five = [number, number, number, number, number];

const convolution = fc
  .record({
    batch: fc.integer({ min: 1, max: 2 }),
    size: three(7),
    filter: three(4),
    channels: fc.constantFrom(1, 2, 3, 8, 9),
    filters: fc.constantFrom(1, 3, 8, 17),
    strides: three(3),
    pad: fc.constantFrom<'same' | 'valid' | number>('same', 'valid', 1, 2),
  })
  .map(({ batch, size, filter, channels, filters, strides, pad }) => {
    const inputShape = [batch, ...size, channels] as Five;
    const filterShape = [...filter, channels, filters] as Five;
    const { outShape } = tf.backend_util.computeConv3DInfo(inputShape, filterShape, strides, 1, pad);
    const attrs = { strides, pad, dilations: [1, 1, 1], dataFormat: 'NDHWC', inputShape, filterShape };
    return { inputShape, filterShape, outShape, attrs };
  })
  .filter(({ outShape }) => outShape.every((size) => size > 0));

test('Conv3D is that of the cpu backend for any shape, stride and padding', () =>
  fc.assert(
    fc.asyncProperty(convolution, ({ inputShape, filterShape, attrs }) => {
      const terms = tf.util.sizeFromShape(filterShape.slice(0, 4));
      return expectAsOnCpu(
        'Conv3D',
        { x: { shape: inputShape }, filter: { shape: filterShape } },
        attrs,
        terms,
      );
    }),
    { numRuns: 40 },
  ));

test('Conv3DBackpropInputV2 is that of the cpu backend for any shape, stride and padding', () =>
  fc.assert(
    fc.asyncProperty(convolution, ({ outShape, filterShape, attrs }) => {
      const terms = tf.util.sizeFromShape(filterShape) / filterShape[3];
      const operands = { dy: { shape: outShape }, filter: { shape: filterShape } };
      return expectAsOnCpu('Conv3DBackpropInputV2', operands, attrs, terms);
    }),
    { numRuns: 40 },
  ));

test('Conv3DBackpropFilterV2 is that of the cpu backend for any shape, stride and padding', () =>
  fc.assert(
    fc.asyncProperty(convolution, ({ inputShape, outShape, attrs }) => {
      const terms = tf.util.sizeFromShape(outShape.slice(0, 4));
      return expectAsOnCpu(
        'Conv3DBackpropFilterV2',
        { x: { shape: inputShape }, dy: { shape: outShape } },
        attrs,
        terms,
      );
    }),
    { numRuns: 40 },
  ));

test('an input that takes several slabs', async () => {
  const [inputShape, filterShape]: [Five, Five] = [[2, 6, 20, 20, 16], [3, 3, 3, 16, 16]]; // biome-ignore format: a pair
  for (const strides of [
    [1, 1, 1],
    [1, 2, 1],
  ] as [number, number, number][]) {
    // biome-ignore format: two triples
    const { outShape } = tf.backend_util.computeConv3DInfo(inputShape, filterShape, strides, 1, 'same');
    const attrs = { strides, pad: 'same', dilations: [1, 1, 1], inputShape, filterShape };
    const [x, filter, dy] = [{ shape: inputShape }, { shape: filterShape }, { shape: outShape }];
    await expectAsOnCpu('Conv3D', { x, filter }, attrs, 432);
    await expectAsOnCpu('Conv3DBackpropInputV2', { dy, filter }, attrs, 432);
    await expectAsOnCpu(
      'Conv3DBackpropFilterV2',
      { x, dy },
      attrs,
      tf.util.sizeFromShape(outShape.slice(0, 4)),
    );
  }
});

test('a dilated Conv3D is a convolution with zeros between the taps', () =>
  fc.assert(
    fc.asyncProperty(
      three(6),
      three(3),
      three(3),
      fc.constantFrom<'same' | 'valid'>('same', 'valid'),
      async ([d, h, w], filter, dilations, pad) => {
        const sparse = filter.map((size, axis) => (size - 1) * dilations[axis]! + 1);
        fc.pre(pad === 'same' || [d, h, w].every((size, axis) => size >= sparse[axis]!));
        const x = { shape: [2, d, h, w, 2] };
        const attrs = { strides: [1, 1, 1], pad, dataFormat: 'NDHWC' };
        const values = spread(filter, sparse, dilations);
        const expected = await run(
          'cpu',
          'Conv3D',
          { x, filter: { shape: [...sparse, 2, 3], values } },
          { ...attrs, dilations: [1, 1, 1] },
        );
        const actual = await run(
          'wasm',
          'Conv3D',
          { x, filter: { shape: [...filter, 2, 3], values: values.filter((value) => value !== 0) } },
          { ...attrs, dilations },
        );
        expect(actual.shapes).toEqual(expected.shapes);
        actual.values[0]!.forEach((value, i) => {
          expect(value).toBeCloseTo(expected.values[0]![i]!, 4);
        });
      },
    ),
    { numRuns: 30 },
  ));

/** The numbers 1, 2, ... over a filter of 2 to 3 channels, scaled into [0, 1], with zeros where a dilated filter has none. */
function spread(filter: number[], sparse: number[], dilations: number[]): number[] {
  const total = filter.reduce((a, b) => a * b, 6);
  const values: number[] = [];
  let next = 1;
  for (let d = 0; d < sparse[0]!; d++) {
    for (let h = 0; h < sparse[1]!; h++) {
      for (let w = 0; w < sparse[2]!; w++) {
        const tap = d % dilations[0]! === 0 && h % dilations[1]! === 0 && w % dilations[2]! === 0;
        for (let i = 0; i < 6; i++) values.push(tap ? next++ / total : 0);
      }
    }
  }
  return values;
}

test('weights that change are seen: nothing stale is kept', async () => {
  await tf.setBackend('wasm');
  const x = tf.ones([1, 2, 2, 2, 1]) as tf.Tensor5D;
  const filter = tf.variable(tf.ones([1, 1, 1, 1, 1])) as tf.Variable<tf.Rank.R5>;
  const first = tf.conv3d(x, filter, 1, 'same').dataSync();
  filter.assign(tf.fill([1, 1, 1, 1, 1], 3) as tf.Tensor5D);
  const second = tf.conv3d(x, filter, 1, 'same').dataSync();
  expect([first[0], second[0]]).toEqual([1, 3]);
});

test('NaN and infinity in the input reach the output', async () => {
  await tf.setBackend('wasm');
  tf.tidy(() => {
    const x = tf.tensor5d([Number.NaN, 1, Number.POSITIVE_INFINITY], [1, 3, 1, 1, 1]);
    const y = tf.conv3d(x, tf.ones([1, 1, 1, 1, 9]) as tf.Tensor5D, 1, 'same').dataSync();
    expect([y[0], y[9], y[18]]).toEqual([Number.NaN, 1, Number.POSITIVE_INFINITY]);
  });
});

test('an input that is not float32 is refused with what to do', async () => {
  await tf.setBackend('wasm');
  const operands = { x: tf.ones([1, 1, 1, 1, 1], 'int32'), filter: tf.ones([1, 1, 1, 1, 1]) };
  const attrs = { strides: 1, pad: 'same', dilations: 1 };
  expect(() => tf.engine().runKernel('Conv3D', operands, attrs)).toThrow(/'x' is int32.*tf\.cast/);
});
