import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channelMeans } from '../math/channelMeans.js';
import { ConcatFusion } from './concatFusion.js';

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

describe('ConcatFusion', () => {
  it('concatenates the means of features of any rank', () => {
    const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(shape, { minLength: 2, maxLength: 3 }), (shapes) => {
        tf.tidy(() => {
          const inputs = shapes.map((sizes, i) => random([2, ...sizes], i));
          const fused = new ConcatFusion().apply(inputs).arraySync() as number[][];
          for (const b of [0, 1]) {
            const expected = inputs.flatMap((x) => {
              const channels = x.shape.at(-1)!;
              const values = [...tf.slice(x, b, 1).dataSync()];
              const positions = values.length / channels;
              return Array.from({ length: channels }, (_, c) =>
                values.filter((_, i) => i % channels === c).reduce((sum, v) => sum + v / positions, 0),
              );
            });
            expect(fused[b]).toEqual(expected.map((v) => expect.closeTo(v, 5)));
          }
        });
      }),
      { numRuns: 15 },
    );
  });

  it('spreads the gradient evenly over the positions', () => {
    const [a, b] = tf.grads((x, y) => tf.sum(new ConcatFusion().apply([x, y])))([
      random([1, 4, 2], 1),
      random([1, 3], 2),
    ]) as [tf.Tensor, tf.Tensor];
    expect([...a.dataSync()]).toEqual(new Array(8).fill(0.25));
    expect([...b.dataSync()]).toEqual([1, 1, 1]);
  });

  it('refuses a tensor without channels', () => {
    expect(() => channelMeans(tf.ones([3]))).toThrow(/\[3\].*rank 2/);
  });
});
