import { useBackend } from '@amr/backend';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Size3 } from '../convolution/paddedConv3D.js';
import { PaddedMaxPool3D } from './paddedMaxPool3D.js';

const upTo3 = fc.tuple(...([1, 1, 1] as const).map((min) => fc.integer({ min, max: 3 })));

/** Values and the gradient of sum(y * along), window by window; the first of equal values gets the gradient. */
function expected(x: tf.Tensor, layer: PaddedMaxPool3D, along: tf.Tensor) {
  const [batch, ...sizes] = x.shape.slice(0, 4) as [number, number, number, number];
  const channels = x.shape[4]!;
  const outputs = layer.computeOutputShape(x.shape) as number[];
  const [values, slopes] = [x.dataSync(), along.dataSync()];
  const y: number[] = [];
  const gradient = new Float32Array(x.size);
  const inside = (at: number[]) => at.every((place, axis) => place >= 0 && place < sizes[axis]!);
  for (let b = 0; b < batch; b++)
    for (const out of places(outputs.slice(1, 4)))
      for (let c = 0; c < channels; c++) {
        let most = -1;
        for (const tap of places(layer.kernelSize)) {
          const at = tap.map((k, axis) => out[axis]! * layer.strides[axis]! - layer.padding[axis]! + k);
          if (!inside(at)) continue;
          const place = (((b * sizes[0] + at[0]!) * sizes[1] + at[1]!) * sizes[2] + at[2]!) * channels + c;
          if (most < 0 || values[place]! > values[most]!) most = place;
        }
        gradient[most]! += slopes[y.length]!;
        y.push(values[most]!);
      }
  return { y, gradient };
}

/** All positions of a box, the last axis fastest. */
function places([first, second, third]: readonly number[]): number[][] {
  const count = (size: number | undefined) => Array.from({ length: size! }, (_, i) => i);
  return count(first).flatMap((i) => count(second).flatMap((j) => count(third).map((k) => [i, j, k])));
}

describe.each(['cpu', 'wasm'] as const)('PaddedMaxPool3D on %s', (backend) => {
  beforeAll(() => useBackend({ backend }));
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  const check = (kernelSize: Size3, strides: Size3, sizes: readonly number[], padding?: Size3) =>
    tf.tidy(() => {
      // Whole numbers, so that some are equal; negative, so that a maximum of padding zeros would be noticed.
      const uniform = tf.randomUniform([2, ...sizes, 3], -40, -1, 'float32', 1);
      const x = tf.floor(uniform) as tf.Tensor5D;
      const layer = new PaddedMaxPool3D({ kernelSize, strides, ...(padding ? { padding } : {}) });
      const pool = (z: tf.Tensor) => layer.apply(z) as tf.Tensor;
      const along = tf.randomNormal(layer.computeOutputShape(x.shape) as number[], 0, 1, 'float32', 2);
      const gradient = tf.grad((z) => tf.sum(tf.mul(pool(z), along)))(x);
      const right = expected(x, layer, along);
      expect([...pool(x).dataSync()]).toEqual(right.y);
      expect([...gradient.dataSync()]).toEqual([...right.gradient].map((value) => expect.closeTo(value, 4)));
    });

  it('is the maximum over evenly padded windows, and its gradient goes to the first maximum', () => {
    fc.assert(
      fc.property(upTo3, upTo3, upTo3, (kernelSize, strides, more) =>
        check(
          kernelSize as Size3,
          strides as Size3,
          more.map((size) => size + 2),
        ),
      ),
      { numRuns: 30 },
    );
  });

  it('is so with the windows of the networks', () => {
    check([3, 3, 3], [2, 2, 2], [4, 6, 6]);
    check([1, 3, 3], [1, 2, 2], [3, 7, 6]);
    check([2, 1, 1], [2, 1, 1], [5, 3, 3], [0, 0, 0]);
  });

  it('works on a clip of one pixel and one frame', () => {
    check([3, 3, 3], [2, 2, 2], [1, 1, 1]);
  });
});

describe('PaddedMaxPool3D', () => {
  it('leaves no tensor behind', () => {
    const x = tf.ones([1, 3, 4, 4, 2]);
    const before = tf.memory().numTensors;
    tf.dispose(new PaddedMaxPool3D().apply(x) as tf.Tensor);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses padding that is larger than half a window', () => {
    expect(() => new PaddedMaxPool3D({ kernelSize: [2, 1, 1], padding: [1, 1, 0] })).toThrow(
      /^PaddedMaxPool3D\.padding: got \[1, 1, 0\]; expected at most half the window, \[1, 0, 0\]\.$/,
    );
  });
});
