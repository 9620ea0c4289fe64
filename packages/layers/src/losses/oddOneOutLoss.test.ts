import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers the gradients
import { describe, expect, it } from 'vitest';
import { oddOneOutLoss } from './oddOneOutLoss.js';

describe('oddOneOutLoss', () => {
  it('is the mean cross-entropy with the attacked modality, or with none', () => {
    const logits = tf.tensor2d([[Math.log(2), 0, 0], [0, 0, Math.log(6)]]); // biome-ignore format: a matrix
    const loss = oddOneOutLoss(logits, tf.tensor1d([0, 2], 'int32'));
    expect(loss.dataSync()[0]).toBeCloseTo((Math.log(4 / 2) + Math.log(8 / 6)) / 2, 6);
    const gradient = tf.grad((z) => oddOneOutLoss(z as tf.Tensor2D, tf.tensor1d([0, 2], 'int32')))(logits);
    expect([...gradient.dataSync()]).toEqual(
      [0.5 - 1, 0.25, 0.25, 0.125, 0.125, 0.75 - 1].map((slope) => expect.closeTo(slope / 2, 6)),
    );
  });

  it('refuses shapes that do not match, and leaves one tensor', () => {
    const logits = tf.zeros([2, 3]) as tf.Tensor2D;
    const attacked = tf.tensor1d([0, 1], 'int32');
    expect(() => oddOneOutLoss(logits, tf.tensor1d([0], 'int32'))).toThrow(/\[2, 3\].*\[1\]/);
    const before = tf.memory().numTensors;
    oddOneOutLoss(logits, attacked);
    expect(tf.memory().numTensors).toBe(before + 1);
  });
});
