import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectAsOnCpu, type Operand, run, useOnnxAlone } from '../../compare.fixture.js';
import { onnxBinding, withoutOnnx } from '../useOnnx.fixture.js';

if (!onnxBinding) withoutOnnx('Functions of single numbers');

/** Both signs, halves and whole numbers, and NaN. */
const special = [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 7, -7, Number.NaN, Infinity, -Infinity, 1e-3];
const few = 8;

describe.skipIf(!onnxBinding)('functions of single numbers', () => {
  beforeAll(useOnnxAlone);
  afterAll(() => tf.setBackend('cpu'));

  test.each([
    'Neg',
    'Abs',
    'Sqrt',
    'Cos',
    'Exp',
    'Sin',
    'Log',
    'Sigmoid',
    'Tanh',
    'Sign',
    'Floor',
    'Ceil',
    'Reciprocal',
    'Softplus',
    'Log1p',
    'Elu',
    'Square',
    'Rsqrt',
    'Round',
    'Relu',
    'Relu6',
    'IsNan',
    'IsInf',
    'IsFinite',
    'ZerosLike',
    'OnesLike',
  ])('%s, of NaN too', async (kernel) => {
    await expectAsOnCpu(kernel, { x: { shape: [3, 5], values: special } }, { alpha: 0 }, 4000);
    await expectAsOnCpu(kernel, { x: { shape: [] } }, { alpha: 0 }, few);
  });

  test.each([
    ['ClipByValue', { clipValueMin: -0.6, clipValueMax: 1.7 }],
    ['LeakyRelu', { alpha: 0.2 }],
    // On cpu NaN stays NaN after Step; here it becomes 0, as its activation is NaN already.
    ['Step', { alpha: 0 }],
    ['Step', { alpha: 0.5 }],
    ['Cast', { dtype: 'int32' }],
    ['Cast', { dtype: 'bool' }],
  ])('%s %j', (kernel, attrs) => {
    const finite = special.filter((value) => Number.isFinite(value));
    return expectAsOnCpu(kernel, { x: { shape: [4, 3], values: finite } }, attrs, 1);
  });

  test.each(['int32', 'bool'] as const)('Cast of %s', async (dtype) => {
    const x: Operand = { shape: [6], values: [0, 1, 1, 0], dtype };
    for (const wanted of ['float32', 'int32', 'bool'])
      await expectAsOnCpu('Cast', { x }, { dtype: wanted }, 0);
  });

  test('LogicalNot', () =>
    expectAsOnCpu('LogicalNot', { x: { shape: [5], values: [1, 0, 0], dtype: 'bool' } }, {}, 0));
});

/** Shapes that broadcast against each other. */
const shapes: [number[], number[]][] = [
  [[], []],
  [[3], []],
  [[], [2, 3]],
  [[4], [4]],
  [[2, 3], [3]],
  [[3], [2, 3]],
  [[2, 1], [1, 3]],
  [[2, 1, 4], [2, 3, 4]],
  [[2, 3, 4], [2, 3, 1]],
  [[2, 3, 1], [1, 1, 5]],
  [[1, 1, 1, 1], [3]],
  [[1, 4], [1]],
  [[2, 3, 4, 5], [3, 1, 5]],
  [[2, 3, 4, 1, 2], [2, 1, 4, 5, 2]],
  [[2, 1, 2, 1, 2, 1], [1, 3, 1, 2, 1, 2]],
  [[0, 3], [3]],
  [[2, 0], [2, 1]],
]; // biome-ignore format: pairs

describe.skipIf(!onnxBinding)('functions of two numbers', () => {
  beforeAll(useOnnxAlone);
  afterAll(() => tf.setBackend('cpu'));

  test.each(['Add', 'Sub', 'Multiply', 'RealDiv', 'Maximum', 'Minimum', 'SquaredDifference'])(
    '%s of shapes that broadcast',
    async (kernel) => {
      for (const [a, b] of shapes) {
        await expectAsOnCpu(kernel, { a: { shape: a }, b: { shape: b, values: [0.7, -2, 3] } }, {}, few);
      }
    },
  );

  test.each([
    'Add',
    'Sub',
    'Multiply',
    'RealDiv',
    'Maximum',
    'Minimum',
    'Greater',
    'GreaterEqual',
    'Less',
    'LessEqual',
    'Equal',
    'NotEqual',
  ])('%s of NaN', (kernel) =>
    expectAsOnCpu(
      kernel,
      { a: { shape: [15, 1], values: special }, b: { shape: [1, 15], values: special } },
      {},
      few,
    ),
  );

  test.each(['Add', 'Sub', 'Multiply', 'Maximum', 'Minimum', 'Greater', 'LessEqual', 'Equal', 'NotEqual'])(
    '%s of whole numbers',
    async (kernel) => {
      for (const [a, b] of shapes) {
        const whole = (shape: number[], values: number[]): Operand => ({ shape, values, dtype: 'int32' });
        await expectAsOnCpu(kernel, { a: whole(a, [3, -1, 2, 7]), b: whole(b, [2, -1, 7]) }, {}, 0);
      }
    },
  );

  test.each(['LogicalAnd', 'LogicalOr'])('%s', async (kernel) => {
    for (const [a, b] of shapes) {
      const given = (shape: number[], values: number[]): Operand => ({ shape, values, dtype: 'bool' });
      await expectAsOnCpu(kernel, { a: given(a, [1, 0, 0, 1, 1]), b: given(b, [0, 1]) }, {}, 0);
    }
  });

  test('Pow of numbers above 0', () =>
    expectAsOnCpu('Pow', { a: { shape: [2, 3], values: [0.5, 2, 3] }, b: { shape: [3] } }, {}, 40));

  test('Prelu with a slope for all, for each channel, for each number', async () => {
    for (const alpha of [[], [4], [3, 1], [2, 3, 4]]) {
      await expectAsOnCpu('Prelu', { x: { shape: [2, 3, 4] }, alpha: { shape: alpha } }, {}, few);
    }
  });

  test('EluGrad', () =>
    expectAsOnCpu('EluGrad', { dy: { shape: [3, 4] }, y: { shape: [3, 4], values: [-0.9, 2, 0] } }, {}, few));

  test('AddN', () =>
    expectAsOnCpu('AddN', { 0: { shape: [3, 4] }, 1: { shape: [3, 4] }, 2: { shape: [3, 4] } }, {}, few));

  test('Select by each number', async () => {
    for (const shape of [[3], [4, 3], [2, 3, 4], [1, 2, 1, 3]]) {
      const condition: Operand = { shape, values: [1, 0, 0, 1, 1], dtype: 'bool' };
      await expectAsOnCpu('Select', { condition, t: { shape }, e: { shape } }, {}, 0);
    }
  });

  // The cpu backend's takes rows from the wrong places.
  test('Select by rows', async () => {
    const condition: Operand = { shape: [2], values: [1, 0], dtype: 'bool' };
    const [t, e] = [[1, 2, 3, 4], [5, 6, 7, 8]].map((values) => ({ shape: [2, 2], values })); // biome-ignore format: pairs
    const { values } = await run('onnx', 'Select', { condition, t: t!, e: e! }, {});
    expect(values).toEqual([[1, 2, 7, 8]]);
  });

  test('a tensor and its cast, which share their elements', async () => {
    await tf.setBackend('onnx');
    tf.tidy(() => {
      const whole = tf.tensor1d([3, 1, 2], 'int32');
      const results = [tf.cast(whole, 'float32'), whole].map((x) => tf.equal(x, tf.cast(x, x.dtype)));
      const halves = tf.mul(tf.cast(whole, 'float32'), 0.5);
      expect([...results.map((one) => [...one.dataSync()]), [...halves.dataSync()]]).toEqual([
        [1, 1, 1],
        [1, 1, 1],
        [1.5, 0.5, 1],
      ]);
    });
  });
});
