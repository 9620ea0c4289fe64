import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { expectAsOnCpu, useCompared } from '../../compare.fixture.js';

// Identity, Slice, SplitV, Unpack, Tile and Transpose only move elements: the results are equal, bit for bit.
beforeAll(useCompared);

const dtype = fc.constantFrom<'float32' | 'int32' | 'bool'>('float32', 'int32', 'bool');
const shape = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 });
const operand = fc.record({ shape, dtype });
const exact = 0;

test('Slice of any rank and dtype', () =>
  fc.assert(
    fc.asyncProperty(operand, fc.array(fc.nat(), { minLength: 12, maxLength: 12 }), (x, draws) => {
      const begin = x.shape.map((size, axis) => draws[axis]! % size);
      const size = x.shape.map((whole, axis) =>
        draws[axis + 6]! % 3 === 0 ? -1 : 1 + (draws[axis + 6]! % (whole - begin[axis]!)),
      );
      return expectAsOnCpu('Slice', { x: integers(x) }, { begin, size }, exact);
    }),
    { numRuns: 120 },
  ));

test('Identity of any rank and dtype', () =>
  fc.assert(
    fc.asyncProperty(operand, (x) => expectAsOnCpu('Identity', { x: integers(x) }, {}, exact)),
    { numRuns: 30 },
  ));

test('a clone shares its values until neither is needed', async () => {
  await tf.setBackend('wasm');
  const before = tf.memory().numDataBuffers;
  const x = tf.tensor1d([1, 2, 3]);
  const copy = tf.clone(x);
  const buffers = tf.memory().numDataBuffers - before;
  tf.dispose(x);
  const values = [...copy.dataSync()];
  tf.dispose(copy);
  expect([buffers, values, tf.memory().numDataBuffers]).toEqual([1, [1, 2, 3], before]);
});

test('a slice of rank 6 along every axis at once', () =>
  expectAsOnCpu(
    'Slice',
    { x: { shape: [3, 4, 2, 5, 3, 40] } },
    { begin: [1, 1, 0, 2, 1, 3], size: [2, 2, 2, 3, 1, 36] },
    exact,
  ));

test('a slice that leaves the tensor is an error', async () => {
  await tf.setBackend('wasm');
  tf.tidy(() => {
    expect(() => tf.slice(tf.zeros([2, 2, 2, 2, 2]), [0, 0, 0, 0, 1], [1, 1, 1, 1, 2])).toThrow(/overflow/);
  });
});

test('SplitV along any axis', () =>
  fc.assert(
    fc.asyncProperty(operand, fc.nat(), fc.nat(), (x, at, cut) => {
      const axis = at % x.shape.length;
      const whole = x.shape[axis]!;
      const first = cut % (whole + 1);
      return expectAsOnCpu(
        'SplitV',
        { x: integers(x) },
        { numOrSizeSplits: [first, whole - first], axis },
        exact,
      );
    }),
    { numRuns: 60 },
  ));

test('Unpack along any axis', () =>
  fc.assert(
    fc.asyncProperty(operand, fc.nat(), (x, at) =>
      expectAsOnCpu(
        'Unpack',
        { value: integers(x) },
        { axis: (at % x.shape.length) - x.shape.length },
        exact,
      ),
    ),
    { numRuns: 60 },
  ));

test('Tile by any repetitions', () =>
  fc.assert(
    fc.asyncProperty(
      operand,
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 6, maxLength: 6 }),
      (x, draws) =>
        expectAsOnCpu(
          'Tile',
          { x: integers({ ...x, shape: x.shape.slice(0, 5) }) },
          { reps: draws.slice(0, Math.min(5, x.shape.length)) },
          exact,
        ),
    ),
    { numRuns: 60 },
  ));

test('Transpose by any permutation', () =>
  fc.assert(
    fc.asyncProperty(
      operand.chain((x) =>
        fc.record({
          x: fc.constant(x),
          perm: fc.shuffledSubarray([...x.shape.keys()], { minLength: x.shape.length }),
        }),
      ),
      ({ x, perm }) => expectAsOnCpu('Transpose', { x: integers(x) }, { perm }, exact),
    ),
    { numRuns: 120 },
  ));

/** Whole numbers, which every dtype holds: 0 and 1 for bool, floats with fractions stay as they are. */
function integers<T extends { shape: number[]; dtype: 'float32' | 'int32' | 'bool' }>(x: T) {
  if (x.dtype === 'float32') return x;
  const values = Array.from({ length: 97 }, (_, i) => (x.dtype === 'bool' ? (i * i) % 2 : i * 7 - 300));
  return { ...x, values };
}
