import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { expectAsOnCpu, type Operand, useOnnxAlone } from '../../compare.fixture.js';
import { onnxBinding, withoutOnnx } from '../useOnnx.fixture.js';

// Slice, SplitV, Unpack, Tile, Transpose, Sum, Mean and BatchMatMul are in the tests of the wasm kernels of these names.
if (!onnxBinding) withoutOnnx('Moves, reductions and choices');

const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 });
const draws = fc.array(fc.nat({ max: 1000 }), { minLength: 12, maxLength: 12 });
const dtypes = ['float32', 'int32', 'bool'] as const;
const whole = (size: number[], dtype: Operand['dtype'] = 'int32'): Operand => ({
  shape: size,
  values: dtype === 'bool' ? [1, 0, 0, 1, 1] : [3, 0, -2, 1, 7, 7, 2],
  dtype: dtype!,
});

/** As inputs of a kernel that takes a list. */
const listed = (list: Operand[]) => Object.fromEntries(list.entries());

describe.skipIf(!onnxBinding)('on onnx as on cpu', () => {
  beforeAll(useOnnxAlone);
  afterAll(() => tf.setBackend('cpu'));

  test('PadV2 with zeros and with others', () =>
    fc.assert(
      fc.asyncProperty(shape, draws, fc.constantFrom(0, -2.5), (size, chosen, constantValue) => {
        const paddings = size.map((_, axis) => [chosen[axis]! % 3, chosen[axis + 6]! % 2]);
        return expectAsOnCpu('PadV2', { x: { shape: size } }, { paddings, constantValue }, 0);
      }),
      { numRuns: 40 },
    ));

  test('Concat and Pack along any axis', () =>
    fc.assert(
      fc.asyncProperty(shape, draws, fc.constantFrom(...dtypes), async (size, chosen, dtype) => {
        const axis = chosen[0]! % size.length;
        const parts = [1, 2].map((more) =>
          size.map((length, i) => (i === axis ? (length + chosen[more]!) % 5 : length)),
        );
        const lists = [size, ...parts].map((one) => whole(one, dtype));
        await expectAsOnCpu('Concat', listed(lists), { axis }, 0);
        const same = [size, size, size].map((one) => whole(one, dtype));
        await expectAsOnCpu('Pack', listed(same), { axis: chosen[3]! % (size.length + 1) }, 0);
      }),
      { numRuns: 40 },
    ));

  test('Reverse, Softmax and Cumsum', () =>
    fc.assert(
      fc.asyncProperty(shape, draws, async (size, chosen) => {
        const dims = size.map((_, i) => i).filter((i) => chosen[i]! % 2 === 0);
        await expectAsOnCpu('Reverse', { x: { shape: size } }, { dims }, 0);
        await expectAsOnCpu('Softmax', { logits: { shape: size } }, { dim: size.length - 1 }, 8);
        const [exclusive, reverse] = [chosen[7]! % 2 === 0, chosen[8]! % 2 === 0];
        await expectAsOnCpu(
          'Cumsum',
          { x: { shape: size } },
          { axis: size.length - 1, exclusive, reverse },
          4,
        );
      }),
      { numRuns: 40 },
    ));

  test('Max, Min, Prod, All, Any over no axes, some and all', () =>
    fc.assert(
      fc.asyncProperty(shape, draws, fc.boolean(), async (size, chosen, keepDims) => {
        const axis = size.map((_, i) => i).filter((i) => chosen[i]! % 2 === 0);
        for (const kernel of ['Max', 'Min', 'Prod']) {
          const attrs = { axis, reductionIndices: axis, keepDims };
          await expectAsOnCpu(kernel, { x: { shape: size } }, attrs, kernel === 'Prod' ? 16 : 0);
        }
        for (const kernel of ['All', 'Any']) {
          await expectAsOnCpu(kernel, { x: whole(size, 'bool') }, { axis, keepDims }, 0);
        }
      }),
      { numRuns: 30 },
    ));

  test('ArgMax and ArgMin, the first of equal ones', () =>
    fc.assert(
      fc.asyncProperty(shape, draws, async (size, chosen) => {
        const axis = chosen[0]! % size.length;
        const x: Operand = { shape: size, values: [1, 5, 5, -2, 0, 5, -2] };
        for (const kernel of ['ArgMax', 'ArgMin']) await expectAsOnCpu(kernel, { x }, { axis }, 0);
      }),
      { numRuns: 20 },
    ));

  test('TopK with ties', async () => {
    for (const k of [1, 3, 7]) {
      await expectAsOnCpu('TopK', { x: { shape: [4, 7] } }, { k, sorted: true }, 0);
      await expectAsOnCpu(
        'TopK',
        { x: { shape: [2, 2, 7], values: [1, 3, 3, 0, 1] } },
        { k, sorted: true },
        0,
      );
    }
  });

  test('GatherV2 along any axis, by indices of any rank', async () => {
    for (const [size, axis, indices] of [
      [[5], 0, [3]],
      [[5, 3], 0, [2, 2]],
      [[2, 5, 3], 1, []],
      [[2, 3, 5, 4], 2, [3]],
      [[2, 3, 5], 2, [2, 1, 3]],
      [[5, 1, 2], -3, [4]],
    ] as [number[], number, number[]][]) {
      const places: Operand = { shape: indices, values: [4, 0, 2, 2], dtype: 'int32' };
      await expectAsOnCpu('GatherV2', { x: { shape: size }, indices: places }, { axis, batchDims: 0 }, 0);
    }
    const pairs: Operand = { shape: [2, 2], values: [1, 0, 2, 2], dtype: 'int32' };
    await expectAsOnCpu(
      'GatherV2',
      { x: { shape: [2, 3, 4] }, indices: pairs },
      { axis: 1, batchDims: 1 },
      0,
    );
  });

  test('OneHot, of indices outside too', async () => {
    const indices: Operand = { shape: [2, 3], values: [0, 3, -1, 2, 4], dtype: 'int32' };
    for (const dtype of ['float32', 'int32']) {
      await expectAsOnCpu('OneHot', { indices }, { depth: 4, onValue: 3, offValue: -1, dtype }, 0);
    }
  });

  test('UnsortedSegmentSum of rows, of ids outside and of segments without rows', async () => {
    const segmentIds: Operand = { shape: [6], values: [0, 2, 2, -1, 5, 0], dtype: 'int32' };
    for (const size of [[6], [6, 3], [6, 2, 1, 3]]) {
      await expectAsOnCpu('UnsortedSegmentSum', { x: { shape: size }, segmentIds }, { numSegments: 4 }, 3);
    }
  });
});
