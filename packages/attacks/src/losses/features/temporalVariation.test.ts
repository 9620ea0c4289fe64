import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { normal, values } from '@amr/testing/attacks/models';
import { expectSlopes } from '@amr/testing/tensors/slopes';
import { describe, expect, it } from 'vitest';
import { AttackInputError } from '../../errors.js';
import { temporalVariation } from './temporalVariation.js';

describe('temporalVariation', () => {
  it('is the mean of 1 - cos between consecutive segments', () => {
    // Angles 0, 90 and 225 degrees: 1 - cos 90 = 1, 1 - cos 135 = 1.7071. The lengths don't matter.
    const row = [
      [2, 0],
      [0, 5],
      [-3, -3],
    ];
    const got = values(temporalVariation(tf.tensor3d([row, [row[0]!, row[0]!, row[0]!]])));
    expect(got[0]).toBeCloseTo((1 + 1 + Math.SQRT1_2) / 2, 5);
    expect(got[1]).toBeCloseTo(0, 6);
  });

  it('takes the mean over the other axes first, wherever time is', () => {
    const features = normal([3, 4, 5, 2, 6], 1);
    for (const axis of [1, 2, 3]) {
      const others = [1, 2, 3].filter((other) => other !== axis);
      const expected = temporalVariation(tf.mean(features, others));
      const got = temporalVariation(features, axis);
      values(got).forEach((value, i) => {
        expect(value).toBeCloseTo(values(expected)[i]!, 5);
      });
    }
  });

  it('has the gradient of finite differences', () => {
    expectSlopes((x) => temporalVariation(x, 2), normal([2, 3, 4, 5], 30));
  });

  it('refuses an axis that is not between batch and channels, or has one segment', () => {
    const features = tf.zeros([2, 1, 5, 3]);
    for (const axis of [0, 3, 4, 1.5, -1]) {
      expect(() => temporalVariation(features, axis)).toThrow(AttackInputError);
    }
    expect(() => temporalVariation(features, 1)).toThrow(
      /^temporalVariation\.features: got .*; expected two or more segments on the axis of time, 1, which has 1\./,
    );
    expect(() => temporalVariation(tf.zeros([2, 3]))).toThrow(AttackInputError);
  });
});
