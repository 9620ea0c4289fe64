import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { noise, type Operand } from '../../testing/compare.js';
import { registerOnnxBackend } from '../registerOnnxBackend.js';
import { bindingSpecifier, isBinding, Runtime } from '../runtime.js';

beforeAll(() => {
  const binding = createRequire(import.meta.url)(bindingSpecifier);
  if (!isBinding(binding)) throw new Error('no binding');
  registerOnnxBackend(new Runtime(binding, 2), { small: 0 });
});
async function one(backend: string, kernel: string, ops: { [n: string]: Operand }, attrs: object) {
  await tf.setBackend(backend);
  const inputs = Object.fromEntries(
    Object.entries(ops).map(([n, { shape, dtype = 'float32' }], s) => [
      n,
      tf.tensor(noise(tf.util.sizeFromShape(shape), s), shape, dtype),
    ]),
  );
  const r = tf.engine().runKernel(kernel, inputs, attrs as never) as tf.Tensor;
  return { shape: r.shape, values: r.dataSync() };
}
async function check(kernel: string, ops: { [n: string]: Operand }, attrs: object) {
  const a = await one('cpu', kernel, ops, attrs);
  const b = await one('onnx', kernel, ops, attrs);
  expect(b.shape).toEqual(a.shape);
  let d = 0;
  a.values.forEach((v, i) => {
    d = Math.max(d, Math.abs(v - (b.values[i] as number)));
  });
  expect(d, kernel).toBeLessThan(1e-4);
}
describe('convs', () => {
  for (const [n, c, f, d, h, k, s, pad] of [
    [2, 8, 16, 4, 6, 3, 1, 'same'],
    [2, 8, 16, 4, 6, 3, 2, 'same'],
    [2, 3, 8, 4, 9, 3, 2, 'same'],
    [1, 16, 8, 5, 7, 3, 2, 'valid'],
    [1, 5, 7, 5, 7, 3, 2, 'valid'],
    [2, 8, 8, 4, 4, 1, 2, 'valid'],
    [2, 3, 16, 4, 8, 7, 2, 'same'],
    [1, 8, 3, 4, 5, 3, 1, 'same'],
  ] as const) {
    test(`${[n, c, f, d, h, k, s, pad]}`, async () => {
      const x = [n, d, h, h + 1, c],
        w = [k, k, k, c, f];
      const attrs = { strides: [s, s, s], pad, dataFormat: 'NDHWC', dilations: [1, 1, 1] };
      const info = tf.backend_util.computeConv3DInfo(x as never, w as never, [s, s, s], 1, pad);
      await check('Conv3D', { x: { shape: x }, filter: { shape: w } }, attrs);
      await check(
        'Conv3DBackpropInputV2',
        { dy: { shape: info.outShape }, filter: { shape: w } },
        { ...attrs, inputShape: x },
      );
      await check(
        'Conv3DBackpropFilterV2',
        { x: { shape: x }, dy: { shape: info.outShape } },
        { ...attrs, filterShape: w },
      );
      const x2 = [n, h, h + 1, c],
        w2 = [k, 1, c, f];
      const a2 = { strides: [s, 1], pad, dataFormat: 'NHWC', dilations: [1, 1] };
      const i2 = tf.backend_util.computeConv2DInfo(x2 as never, w2 as never, [s, 1], 1, pad);
      await check('Conv2D', { x: { shape: x2 }, filter: { shape: w2 } }, a2);
      await check(
        'Conv2DBackpropInput',
        { dy: { shape: i2.outShape }, filter: { shape: w2 } },
        { ...a2, inputShape: x2 },
      );
      await check(
        'Conv2DBackpropFilter',
        { x: { shape: x2 }, dy: { shape: i2.outShape } },
        { ...a2, filterShape: w2 },
      );
    });
  }
});
