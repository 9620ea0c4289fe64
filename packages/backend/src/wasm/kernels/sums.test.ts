import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { expectAsOnCpu, run, useCompared } from '../../compare.fixture.js';

beforeAll(useCompared);

const reduction = fc
  .array(fc.record({ size: fc.integer({ min: 1, max: 5 }), summed: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
  })
  .map((axes) => ({
    shape: axes.map(({ size }) => size),
    axis: [...axes.keys()].filter((i) => axes[i]!.summed),
  }));

test('Sum over any axes', () =>
  fc.assert(
    fc.asyncProperty(reduction, fc.boolean(), ({ shape, axis }, keepDims) =>
      expectAsOnCpu('Sum', { x: { shape } }, { axis, keepDims }, tf.util.sizeFromShape(shape)),
    ),
    { numRuns: 120 },
  ));

test('Mean over any axes', () =>
  fc.assert(
    fc.asyncProperty(reduction, fc.boolean(), ({ shape, axis }, keepDims) =>
      expectAsOnCpu('Mean', { x: { shape } }, { axis, keepDims }, tf.util.sizeFromShape(shape)),
    ),
    { numRuns: 120 },
  ));

test('Sum of integers stays exact', () =>
  expectAsOnCpu(
    'Sum',
    { x: { shape: [3, 4, 5], dtype: 'int32', values: [1, 2, 3, 40_000_000] } },
    { axis: [0] },
    0,
  ));

test('a long sum over leading axes is exact where float32 would lose the small terms', async () => {
  const length = 5000;
  const x = { shape: [length + 1, 2], values: [2 ** 24, 2 ** 24, ...Array<number>(2 * length).fill(1)] };
  const { values } = await run('wasm', 'Sum', { x }, { axis: [0], keepDims: false });
  expect(values[0]).toEqual([2 ** 24 + length, 2 ** 24 + length]);
});

test('UnsortedSegmentSum is that of the cpu backend, ids outside included', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: -1, max: 5 }), { minLength: 1, maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
      (ids, rest) =>
        expectAsOnCpu(
          'UnsortedSegmentSum',
          {
            x: { shape: [ids.length, ...rest] },
            segmentIds: { shape: [ids.length], values: ids, dtype: 'int32' },
          },
          { numSegments: 4 },
          ids.length,
        ),
    ),
    { numRuns: 40 },
  ));
