import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
// Registers the gradients of tfjs's operations.
import '@tensorflow/tfjs-layers';
import { noise } from '@amr/testing/tensors/noise';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { OnnxBackend } from '../onnxBackend.js';
import { onnxBinding, useOnnx, withoutOnnx } from '../useOnnx.fixture.js';
import { encodeModel } from './proto.js';

vi.mock('./proto.js', async (original) => {
  const proto = await original<typeof import('./proto.js')>();
  return { ...proto, encodeModel: vi.fn(proto.encodeModel) };
});

if (!onnxBinding) withoutOnnx('Folding');

/** Channels that fill two blocks of any size. */
const C = 32;

const tensor = <T extends tf.Tensor = tf.Tensor>(shape: number[], seed = 0, scale = 1) =>
  tf.tensor(
    noise(tf.util.sizeFromShape(shape), seed).map((value) => value * scale),
    shape,
  ) as T;

/** A convolution of x with filters of 3 by 3 places. */
const convolved = (x: tf.Tensor, seed: number) =>
  tf.conv2d(x as tf.Tensor4D, tensor<tf.Tensor4D>([3, 3, x.shape[3]!, C], seed, 0.1), 1, 'same');

async function on(backend: string, compute: () => tf.Tensor[]) {
  await tf.setBackend(backend);
  const results = tf.tidy(compute);
  const read = results.map((result) => ({ shape: result.shape, values: [...result.dataSync()] }));
  tf.dispose(results);
  return read;
}

/** Expects the same on onnx as on cpu. */
async function expectSame(compute: () => tf.Tensor[]) {
  const expected = await on('cpu', compute);
  const actual = await on('onnx', compute);
  expect(actual.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
  actual.forEach(({ values }, i) => {
    const wanted = expected[i]!.values;
    const wrong = wanted.findIndex(
      (value, j) => !(Math.abs(value - values[j]!) <= 1e-4 * (1 + Math.abs(value))),
    );
    if (wrong >= 0) expect.fail(`result ${i} at ${wrong} is ${values[wrong]} instead of ${wanted[wrong]}`);
  });
}

/** How often an operation is in the models that were made since the last test. */
const count = (op: string) =>
  vi.mocked(encodeModel).mock.calls.flatMap(([{ nodes }]) => nodes.filter((node) => node.op === op)).length;

describe.skipIf(!onnxBinding)('folding', () => {
  beforeAll(useOnnx);
  beforeEach(() => void vi.mocked(encodeModel).mockClear());
  afterAll(() => tf.setBackend('cpu'));

  // 131 places, a prime number, keep ONNX's dimensions those of the tensor, so that a transposed one has the value.
  test('relu and step of one value in two layouts', () =>
    expectSame(() => {
      const y = tf.add(tensor([1, 2, 131, C]), tensor([C], 1));
      const turned = tf.transpose(y, [0, 2, 1, 3]);
      return [tf.relu(y), tf.relu(turned), tf.step(y), tf.step(turned)];
    }));

  test('a factor per channel of a transposed gradient', () =>
    expectSame(() => {
      const scaled = tf.mul(tf.neg(tensor([1, 2, 131, C])), tensor([C], 1));
      const turned = tf.transpose(scaled, [0, 2, 1, 3]) as tf.Tensor4D;
      const filter = tensor<tf.Tensor4D>([3, 3, C, C], 2);
      return [tf.conv2dTranspose(turned, filter, [1, 131, 2, C], 1, 'same')];
    }));

  test('a vector of more axes than the convolution', () =>
    expectSame(() => {
      const y = convolved(tensor([2, 5, 5, C]), 1);
      const vector = tensor([1, 1, 1, 1, C], 3);
      return [tf.mul(y, vector), tf.add(vector, y)];
    }));

  test('a product of rows in blocks of channels, with its bias and activation', () =>
    expectSame(() => {
      const a = tf.reshape(convolved(tensor([2, 5, 5, C]), 1), [50, C]) as tf.Tensor2D;
      const b = tensor<tf.Tensor2D>([C, C], 4);
      return [tf.fused.matMul({ a, b, bias: tensor([C], 5), activation: 'relu' })];
    }));

  test('a gradient that is read before its margins are sliced off', () =>
    expectSame(() => {
      const filter = tensor<tf.Tensor4D>([3, 3, C, C], 2);
      const padded = tf.pad(tensor([2, 5, 5, C]), [[0, 0], [1, 1], [1, 1], [0, 0]]); // biome-ignore format: pairs
      const loss = (x: tf.Tensor) => tf.sum(tf.square(tf.conv2d(x as tf.Tensor4D, filter, 1, 'valid')));
      const gradient = tf.tidy(() => tf.grad(loss)(padded));
      gradient.dataSync();
      return [tf.slice(gradient, [0, 1, 1, 0], [2, 5, 5, C])];
    }));

  test('sums folded into convolutions whose terms are needed, too', () =>
    expectSame(() => {
      const y = convolved(tensor([2, 5, 5, C]), 1);
      const z = tf.add(convolved(y, 2), y);
      const w = tf.add(convolved(z, 3), z);
      return [y, z, w, tf.mul(y, w), tf.relu(z)];
    }));

  test('weights in the layout of convolutions are cached from the second step, and no longer than their values live', async () => {
    await tf.setBackend('onnx');
    const wide = 176;
    const x = tensor<tf.Tensor4D>([1, 3, 3, wide]);
    const filter = tf.variable(tensor<tf.Tensor4D>([3, 3, wide, wide], 1, 0.1));
    const step = () => tf.tidy(() => [...tf.conv2d(x, filter, 1, 'same').dataSync()]);
    const [first, second, third] = [step(), step(), step()];
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    // Steps in which they move: the second caches them, the third finds them.
    expect(count('Transpose')).toBeGreaterThan(0);
    const moving = vi.mocked(encodeModel).mock.calls.length;
    expect(moving).toBe(3);
    filter.assign(tf.neg(filter));
    expect(step()).toEqual(first.map((value) => -value));
    tf.dispose([x, filter]);
  });

  test('is only a convolution where nothing else reads its result', async () => {
    await expectSame(() => {
      const y = convolved(tensor([2, 5, 5, C]), 1);
      return [tf.relu(tf.add(tf.mul(y, tensor([C], 2)), tensor([C], 3)))];
    });
    expect([count('Conv'), count('Relu')]).toEqual([1, 0]);
  });

  test('comes after the convolution where its result is read, too: batch statistics need one convolution', async () => {
    await expectSame(() => {
      const y = convolved(tensor([2, 5, 5, C]), 1);
      const { mean, variance } = tf.moments(y, [0, 1, 2]);
      const factor = tf.rsqrt(tf.add(variance, 0.1));
      return [tf.relu(tf.add(tf.mul(y, factor), tf.neg(tf.mul(mean, factor))))];
    });
    expect([count('Conv'), count('Relu')]).toEqual([1, 1]);
  });

  test.each([
    ['several things are done to it', (y: tf.Tensor) => [tf.relu(y), tf.mul(y, tensor([C], 2))], 1],
    [
      'the middle of what is done is wanted',
      (y: tf.Tensor) => {
        const normed = tf.mul(y, tensor([C], 2));
        return [tf.relu(tf.add(normed, tensor([C], 3))), tf.add(normed, tensor([2, 5, 5, C], 4))];
      },
      1,
    ],
    ['two sums are taken of it', (y: tf.Tensor) => [tf.add(y, tensor([2, 5, 5, C], 4)), tf.sum(y)], 1],
    ['another one is added', (y: tf.Tensor) => [y, tf.relu(tf.add(convolved(y, 5), y))], 2],
  ])('is computed once where %s', async (_, use, convolutions) => {
    await expectSame(() => use(convolved(tensor([2, 5, 5, C]), 1)));
    expect(count('Conv')).toBe(convolutions);
  });

  test('of images of few channels is computed once too', async () => {
    await expectSame(() => {
      const y = tf.conv3d(
        tensor<tf.Tensor5D>([1, 4, 6, 6, 3]),
        tensor<tf.Tensor5D>([3, 3, 3, 3, C], 1),
        1,
        'same',
      );
      return [y, tf.relu(tf.add(tf.mul(y, tensor([C], 2)), tensor([C], 3)))];
    });
    // One for each tap in time.
    expect(count('Conv')).toBe(3);
  });

  test('cached weights differ from the same numbers in another shape or order', async () => {
    const filter = tensor<tf.Tensor4D>([3, 3, 128, 256], 1, 0.1);
    const images = [128, 256].map((channels) => tensor<tf.Tensor4D>([1, 3, 3, channels], 2));
    const uses = () => {
      const mirrored = tf.transpose(filter, [1, 0, 2, 3]);
      const reshaped = tf.reshape(filter, [3, 3, 256, 128]) as tf.Tensor4D;
      return [
        tf.conv2d(images[0]!, filter, 1, 'same'),
        tf.conv2d(images[0]!, mirrored, 1, 'same'),
        tf.conv2d(images[1]!, reshaped, 1, 'same'),
        tf.conv2dTranspose(images[1]!, filter, [1, 3, 3, 128], 1, 'same'),
        tf.conv2dTranspose(images[0]!, reshaped, [1, 3, 3, 256], 1, 'same'),
      ];
    };
    const [first] = [await on('cpu', uses)];
    for (let step = 0; step < 4; step++) {
      const now = await on('onnx', uses);
      now.forEach(({ values }, i) => {
        const wanted = first![i]!.values;
        expect(
          values.every((value, j) => Math.abs(value - wanted[j]!) < 1e-3),
          `use ${i} in step ${step}`,
        ).toBe(true);
      });
    }
    tf.dispose([filter, images]);
  });

  test('keeps no reference to computed values, so that they can be collected', async () => {
    await tf.setBackend('onnx');
    const variable = tf.variable(tf.ones([400, 8]));
    const factor = tf.tensor1d(Array(8).fill(0.5));
    const values: WeakRef<object>[] = [];
    for (let i = 0; i < 20; i++) {
      tf.tidy(() => variable.assign(tf.mul(variable, factor)));
      variable.dataSync();
      values.push(new WeakRef((tf.backend() as OnnxBackend).view(variable).value));
    }
    setFlagsFromString('--expose-gc');
    // A weak reference holds its object until the end of the task.
    await new Promise((resolve) => setTimeout(resolve));
    runInNewContext('gc')();
    expect(values.filter((value) => value.deref()).length).toBeLessThan(5);
    tf.dispose([variable, factor]);
  });
});
