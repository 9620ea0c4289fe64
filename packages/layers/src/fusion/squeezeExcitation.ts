import * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { type AffineWeights, affine } from '../math/affine.js';
import { channelMeans } from '../math/channelMeans.js';
import { scaleFeatures } from '../math/scaleFeatures.js';
import { channelCounts, totalChannels } from './featureShapes.js';

// Squeeze-and-excitation (Hu et al., CVPR 2018) over several modalities together, which the attention modality reweighter
// and the multimodal transfer module share: the pooled features of all modalities are squeezed into one vector, and gates
// computed from that vector scale each modality's channels.

/** The modalities' channels, their sum, and the width of the squeezed vector. */
export function squeezeSizes(shapes: readonly Shape[], reductionRatio: number) {
  const total = totalChannels(shapes);
  return { channels: channelCounts(shapes), total, width: Math.ceil(total / reductionRatio) };
}

/** z = relu(W [s_1; ...; s_M] + b) with s_m the mean of F_m per channel: [batch, width]. */
export function squeeze(features: tf.Tensor[], weights: AffineWeights): tf.Tensor2D {
  return tf.relu(affine(tf.concat(features.map(channelMeans), 1), weights));
}

/** F'_m = 2 * sigmoid(E_m) * F_m for logits E_m of [batch, C_m]; `returnWeights` adds the concatenated sigmoids, last. */
export function gateChannels(
  features: tf.Tensor[],
  logits: tf.Tensor[],
  returnWeights: boolean,
): tf.Tensor[] {
  const gates = logits.map((excitation) => tf.sigmoid(excitation));
  const outputs = features.map((feature, m) => scaleFeatures(feature, tf.mul(gates[m]!, 2)));
  return returnWeights ? [...outputs, tf.concat(gates, 1)] : outputs;
}

/** One mask, or null, for each output: each input's own mask, and null for the weights. */
export function exchangeMasks(
  inputs: tf.Tensor | tf.Tensor[],
  mask: tf.Tensor | tf.Tensor[] | undefined,
  returnWeights: boolean,
): tf.Tensor[] {
  const masks = Array.isArray(mask) ? mask : [inputs].flat().map(() => mask ?? null);
  return [...masks, ...(returnWeights ? [null] : [])] as tf.Tensor[];
}
