import { formatValue, mismatch } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { AttackInputError } from '../../errors.js';
import { cosineSimilarity } from './cosineSimilarity.js';
import { poolExcept } from './poolExcept.js';

/**
 * How much features change from one segment of time to the next, per sample: the mean over consecutive segments of
 * 1 - cos(f_t, f_t+1), where f_t is the mean over all axes but batch, time and channels. The variation is 0 when all
 * segments point in the same direction, and 2 when each is the opposite of the one before. It doesn't change when features
 * are scaled.
 * @param features `[batch, ..., channels]`, with time on one of the axes between
 * @param axis the axis of time. Default 1
 * @returns `[batch]`
 * @throws {AttackInputError} when the axis isn't between batch and channels, or has one segment only
 * @example
 * ```ts
import * as tf from '@tensorflow/tfjs-core';
 * import { temporalVariation } from '@amr/attacks';
 * const still = [[1, 2], [2, 4], [1, 2]];
 * const turning = [[1, 0], [0, 1], [0, 1]];
 * console.log(await temporalVariation(tf.tensor3d([still, turning])).data()); // 0, 0.5
 * ```
 */
export function temporalVariation(features: tf.Tensor, axis = 1): tf.Tensor1D {
  const segments = features.shape[axis]!;
  if (!(Number.isSafeInteger(axis) && axis >= 1 && axis < features.rank - 1)) {
    const expected = `an axis of ${formatValue(features)} between batch and channels, from 1 to ${features.rank - 2}`;
    throw new AttackInputError(mismatch('temporalVariation.axis', axis, expected));
  }
  if (segments < 2) {
    throw new AttackInputError(
      mismatch(
        'temporalVariation.features',
        features,
        `two or more segments on the axis of time, ${axis}, which has ${segments}`,
        "Name an earlier layer, where time isn't pooled yet, or another axis.",
      ),
    );
  }
  return tf.tidy(() => {
    const perSegment = poolExcept(features, axis);
    const [rows, , channels] = perSegment.shape as [number, number, number];
    const size = [rows, segments - 1, channels];
    const similarity = cosineSimilarity(
      tf.slice(perSegment, [0, 0, 0], size),
      tf.slice(perSegment, [0, 1, 0], size),
    );
    return tf.sub(1, tf.mean(similarity, 1)) as tf.Tensor1D;
  });
}
