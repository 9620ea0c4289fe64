import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable, Shape } from '@tensorflow/tfjs-layers';
import { channelMeans } from './channelMeans.js';
import { channelCounts } from './featureShapes.js';
import { scaled } from './scaled.js';

/** Sizes of the two products that squeeze-and-excitation over several modalities is made of. */
export function squeezeSizes(shapes: readonly Shape[], reductionRatio: number) {
  const channels = channelCounts(shapes);
  const total = channels.reduce((sum, count) => sum + count, 0);
  return { channels, total, width: Math.ceil(total / reductionRatio) };
}

/** z = relu(W [s_1; ...; s_M] + b) with s_m the mean of F_m per channel: [batch, width]. */
export function squeezed(features: tf.Tensor[], kernel: LayerVariable, bias: LayerVariable): tf.Tensor2D {
  const pooled = tf.concat(features.map(channelMeans), 1);
  return tf.relu(tf.add(tf.matMul(pooled, kernel.read() as tf.Tensor2D), bias.read())) as tf.Tensor2D;
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
