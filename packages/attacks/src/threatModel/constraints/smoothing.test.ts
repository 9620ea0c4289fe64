import { values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { accelerations } from '../../skeleton/motion.js';
import { smoothing } from './smoothing.js';

describe('accelerations', () => {
  it('are second differences in time', () => {
    const x = tf.tensor3d([0, 1, 4, 9, 2].map((v) => [[v]]));
    expect(values(accelerations(x))).toEqual([2, 2, -12]);
  });
});

describe('smoothing', () => {
  it.each([3, 4, 9])('solves (I + r DᵀD) M = I over %i frames, and gives M Dᵀ and D M Dᵀ', (frames) => {
    const { filter, back, forth } = smoothing(frames);
    const identity = tf.eye(frames);
    const differences = tf.reshape<tf.Rank.R2>(accelerations(tf.reshape(identity, [frames, 1, frames])), [
      frames - 2,
      frames,
    ]);
    const penalised = tf.add(identity, tf.mul(tf.matMul(differences, differences, true), 20)) as tf.Tensor2D;
    const near = (got: tf.Tensor, expected: tf.Tensor) =>
      // float32 sums of a few terms of up to 120.
      expect(values(tf.max(tf.abs(tf.sub(got, expected))))[0]).toBeLessThan(1e-4);
    near(tf.matMul(penalised, filter), identity);
    near(back, tf.mul(tf.matMul(filter, differences, false, true), 20));
    near(forth, tf.matMul(differences, back));
  });
});
