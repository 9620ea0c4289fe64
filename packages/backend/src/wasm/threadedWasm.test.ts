import { getThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAsOnCpu, type Operand } from '../compare.fixture.js';
import { useBackend } from '../useBackend.js';

beforeAll(() => useBackend({ backend: 'wasm', threads: 2 }));
// Ends the workers.
afterAll(() => tf.removeBackend('wasm'));

test('wasm has the requested threads, on a shared heap', () => {
  expect(tf.getBackend()).toBe('wasm');
  expect(getThreadsCount()).toBe(2);
  const { wasm } = tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } };
  expect(wasm.HEAPU8.buffer).toBeInstanceOf(SharedArrayBuffer);
});

test('starting it leaves no global Worker behind', () => {
  expect('Worker' in globalThis).toBe(false);
});

const image = { shape: [2, 9, 10, 8] };
const plane = { strides: [1, 1], pad: 'same', dilations: [1, 1], dataFormat: 'NHWC' };
const clip = { shape: [2, 4, 9, 10, 8] };
const space = { strides: [1, 1, 1], pad: 'same', dilations: [1, 1, 1], dataFormat: 'NDHWC' };
const pool = { filterSize: [3, 3, 3], strides: [2, 2, 2], pad: 'same', dataFormat: 'NDHWC' };
const [pooled, filter2d, filter3d, depthwise] = [
  { shape: [2, 2, 5, 5, 8] },
  { shape: [3, 3, 8, 8] },
  { shape: [3, 3, 3, 8, 8] },
  { shape: [3, 3, 8, 1] },
];

const computations: [kernel: string, operands: { [name: string]: Operand }, attrs: object, terms: number][] =
  [
    ['Conv2D', { x: image, filter: filter2d }, plane, 72],
    [
      'FusedConv2D',
      { x: image, filter: filter2d, bias: { shape: [8] } },
      { ...plane, activation: 'relu' },
      72,
    ],
    ['Conv2DBackpropInput', { dy: image, filter: filter2d }, { ...plane, inputShape: image.shape }, 576],
    ['Conv2DBackpropFilter', { x: image, dy: image }, { ...plane, filterShape: filter2d.shape }, 180],
    ['DepthwiseConv2dNative', { x: image, filter: depthwise }, plane, 9],
    [
      'DepthwiseConv2dNativeBackpropInput',
      { dy: image, filter: depthwise },
      { ...plane, inputShape: image.shape },
      9,
    ],
    [
      'DepthwiseConv2dNativeBackpropFilter',
      { x: image, dy: image },
      { ...plane, filterShape: depthwise.shape },
      180,
    ],
    ['Conv3D', { x: clip, filter: filter3d }, space, 216],
    ['Conv3DBackpropInputV2', { dy: clip, filter: filter3d }, { ...space, inputShape: clip.shape }, 1728],
    ['Conv3DBackpropFilterV2', { x: clip, dy: clip }, { ...space, filterShape: filter3d.shape }, 720],
    ['MaxPool3D', { x: clip }, pool, 0],
    ['MaxPool3DGrad', { dy: pooled, input: clip, output: pooled }, pool, 8],
    ['BatchMatMul', { a: { shape: [3, 40, 30] }, b: { shape: [30, 50] } }, {}, 30],
    ['BatchMatMul', { a: { shape: [1200, 30] }, b: { shape: [1200, 50] } }, { transposeA: true }, 1200],
    ['Slice', { x: clip }, { begin: [0, 1, 0, 2, 0], size: [2, 2, 9, 5, 8] }, 0],
    ['Transpose', { x: clip }, { perm: [4, 2, 3, 1, 0] }, 0],
    ['Tile', { x: clip }, { reps: [1, 1, 2, 1, 2] }, 0],
    ['Sum', { x: clip }, { axis: [0, 1, 2, 3], keepDims: false }, 720],
    ['Maximum', { a: clip, b: { shape: [] } }, {}, 0],
    ['Softmax', { logits: { shape: [64, 40] } }, { dim: 1 }, 40],
  ];

test.each(computations)('%s is that of the cpu backend', async (kernel, operands, attrs, terms) => {
  await expectAsOnCpu(kernel, operands, { transposeA: false, transposeB: false, ...attrs }, terms);
});

test.each([0, 9, 1.5, Number.NaN])('%f threads are refused', async (threads) => {
  await expect(useBackend({ backend: 'wasm', threads })).rejects.toThrow(
    /useBackend\.threads: got \S+; expected a whole number from 1 to 8\./,
  );
});
