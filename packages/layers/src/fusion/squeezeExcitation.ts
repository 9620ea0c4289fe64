import * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { type AffineWeights, affine } from '../math/affine.js';
import { channelMeans } from '../math/channelMeans.js';
import { scaled } from '../math/scaled.js';
import { channelCounts, totalChannels } from './featureShapes.js';

/** Sizes of the two products that squeeze-and-excitation over several modalities is made of. */
export function squeezeSizes(shapes: readonly Shape[], reductionRatio: number) {
  const total = totalChannels(shapes);
  return { channels: channelCounts(shapes), total, width: Math.ceil(total / reductionRatio) };
}

/** z = relu(W [s_1; ...; s_M] + b) with s_m the mean of F_m per channel: [batch, width]. */
export function squeezed(features: tf.Tensor[], weights: AffineWeights): tf.Tensor2D {
  return tf.relu(affine(tf.concat(features.map(channelMeans), 1), weights));
}

/** F'_m = 2 * sigmoid(E_m) * F_m for logits E_m of [batch, C_m]; with `returnWeights` the sigmoids side by side, last. */
export function channelGated(
  features: tf.Tensor[],
  logits: tf.Tensor[],
  returnWeights: boolean,
): tf.Tensor[] {
  const gates = logits.map((excitation) => tf.sigmoid(excitation));
  const outputs = features.map((feature, m) => scaled(feature, tf.mul(gates[m]!, 2)));
  return returnWeights ? [...outputs, tf.concat(gates, 1)] : outputs;
}

/** One mask, or null, for each output: the inputs' own, and none for the weights. */
export function exchangedMasks(
  inputs: tf.Tensor | tf.Tensor[],
  mask: tf.Tensor | tf.Tensor[] | undefined,
  returnWeights: boolean,
): tf.Tensor[] {
  const masks = Array.isArray(mask) ? mask : [inputs].flat().map(() => mask ?? null);
  return [...masks, ...(returnWeights ? [null] : [])] as tf.Tensor[];
}
