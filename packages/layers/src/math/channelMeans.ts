import { mismatch } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { LayerError } from '../errors.js';

/**
 * Mean of a feature tensor over every axis but the batch and the channels (global average pooling at any rank).
 *
 * @param features [batch, ..., channels], rank >= 2; a tensor of rank 2 is returned unchanged
 * @returns [batch, channels]
 * @throws {LayerError} when the rank is below 2
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { channelMeans } from '@amr/layers';
 *
 * channelMeans(tf.ones([2, 8, 7, 7, 16])).shape; // [2, 16]
 * ```
 */
export function channelMeans(features: tf.Tensor): tf.Tensor2D {
  const { shape, rank } = features;
  if (rank < 2) {
    throw new LayerError(
      mismatch('channelMeans.features', features, '[batch, ..., channels] of rank 2 or more'),
    );
  }
  const batch = shape[0]!;
  const channels = shape[rank - 1]!;
  if (rank === 2) return features as tf.Tensor2D;
  return tf.tidy(() => {
    const positions = features.size / Math.max(1, batch * channels);
    // Rank 3 at most: above it, the backends' reductions and transposes fall back to slow generic loops.
    return tf.mean(tf.reshape(features, [batch, positions, channels]), 1) as tf.Tensor2D;
  });
}
