import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import {
  compared,
  expectAsOnCpu,
  expectClose,
  noise,
  type Operand,
  run,
  useCompared,
} from '../../compare.fixture.js';

beforeAll(useCompared);

const size = fc.integer({ min: 1, max: 17 });

/** Batch axes of two operands that broadcast: each axis is whole or 1 on either side, and b may have fewer. */
const batches = fc
  .array(fc.record({ size: fc.integer({ min: 1, max: 4 }), a: fc.boolean(), b: fc.boolean() }), {
    maxLength: 3,
  })
  .map((axes) => ({
    a: axes.map((axis) => (axis.a ? axis.size : 1)),
    b: axes.map((axis) => (axis.b ? axis.size : 1)),
  }));

test('BatchMatMul multiplies what broadcasting both sides in full would multiply', () =>
  fc.assert(
    fc.asyncProperty(
      fc.record({
        rows: size,
        inner: size,
        columns: size,
        batches,
        transposeA: fc.boolean(),
        transposeB: fc.boolean(),
      }),
      fc.nat({ max: 2 }),
      async ({ rows, inner, columns, batches, transposeA, transposeB }, shorter) => {
        const attrs = { transposeA, transposeB };
        const aShape = [...batches.a, ...(transposeA ? [inner, rows] : [rows, inner])];
        // The leading batch axes of b may be missing where they are 1.
        const ones = batches.b.findIndex((length) => length !== 1);
        const drop = Math.min(shorter, ones < 0 ? batches.b.length : ones);
        const bShape = [...batches.b.slice(drop), ...(transposeB ? [columns, inner] : [inner, columns])];
        // The cpu backend is right where both sides have the same batches; see the next test for why it isn't asked more.
        const outer = batches.a.map((length, axis) => Math.max(length, batches.b[axis]!));
        const full = (shape: number[], seed: number): Operand => {
          const whole = [...outer, ...shape.slice(-2)];
          const values = tf.tidy(() => [
            ...tf.broadcastTo(tf.tensor(noise(tf.util.sizeFromShape(shape), seed), shape), whole).dataSync(),
          ]);
          return { shape: whole, values };
        };
        const expected = await run('cpu', 'BatchMatMul', { a: full(aShape, 0), b: full(bShape, 1) }, attrs);
        for (const backend of compared) {
          const operands = { a: { shape: aShape }, b: { shape: bShape } };
          const actual = await run(backend, 'BatchMatMul', operands, attrs);
          expect(actual.shapes).toEqual([[...outer, rows, columns]]);
          expectClose('BatchMatMul', actual, expected, inner, backend);
        }
      },
    ),
    { numRuns: 100 },
  ));

test('each batch of one side meets each of the other: the original kernels repeat the wrong ones', async () => {
  await tf.setBackend('wasm');
  tf.tidy(() => {
    const a = tf.tensor([1, 2], [1, 2, 1, 1]);
    const b = tf.tensor([1, 10], [2, 1, 1, 1]);
    expect([...tf.matMul(a, b).dataSync()]).toEqual([1, 2, 10, 20]);
  });
});

test('a long product with a transposed left side, the gradient of a dense layer in its weights', () =>
  expectAsOnCpu(
    'BatchMatMul',
    { a: { shape: [1, 2050, 5] }, b: { shape: [2050, 9] } },
    { transposeA: true, transposeB: false },
    2050,
  ));

test('inner sizes that differ are an error with both shapes', async () => {
  await tf.setBackend('wasm');
  tf.tidy(() => {
    const inputs = { a: tf.ones([2, 3]), b: tf.ones([4, 5]) };
    const attrs = { transposeA: false, transposeB: false };
    expect(() => tf.engine().runKernel('BatchMatMul', inputs, attrs)).toThrow(/3 and 4.*\[2,3\].*\[4,5\]/);
  });
});

test('nothing to add up gives zeros', async () => {
  await tf.setBackend('wasm');
  tf.tidy(() => {
    const product = tf.matMul(tf.zeros([2, 0]), tf.zeros([0, 3]));
    expect([...product.dataSync()]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
