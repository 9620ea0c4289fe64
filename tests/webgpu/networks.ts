import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { everyModel } from '../everyModel.js';
import { type Case, type Results, valuesOf } from './comparison.js';

const daily = new Set(['AttentionModalityReweighter by modality', 'HCN', '3D ResNet']);

/**
 * Every layer and every network: its outputs in evaluation, and the gradients with respect to its inputs and weights of a weighted
 * sum of its outputs in training, where batch norm uses the batch's moments.
 */
export const networkCases: Case[] = Object.values(everyModel)
  .flat()
  .map(({ name, build }) => ({ name, daily: daily.has(name), compute: () => outputsAndGradients(build) }));

async function outputsAndGradients(build: () => LayersModel): Promise<Results> {
  const model = build();
  const xs = model.inputs.map(({ shape }, i) =>
    tf.variable(tf.randomUniform([3, ...(shape.slice(1) as number[])], 0, 1, 'float32', i + 1)),
  );
  const apply = (training: boolean) => [model.apply(xs, { training })].flat() as tf.Tensor[];
  const results: Results = {};
  const outputs = tf.tidy(() => apply(false));
  for (const [i, y] of outputs.entries()) results[`output ${i}`] = await valuesOf(y);
  tf.dispose(outputs);

  // tfjs has no gradient with respect to the tensor that a mask is computed from.
  const inputs = model.layers.some((layer) => layer.getClassName() === 'Masking') ? [] : xs;
  const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const { value, grads } = tf.variableGrads(
    () =>
      tf.addN(
        apply(true).map((y, i) => tf.sum(tf.mul(y, tf.randomNormal(y.shape, 0, 1, 'float32', 9 + i)))),
      ) as tf.Scalar,
    [...inputs, ...weights],
  );
  results['weighted sum'] = await valuesOf(value);
  for (const [i, x] of inputs.entries()) results[`gradient in input ${i}`] = await valuesOf(grads[x.name]!);
  for (const [i, weight] of weights.entries()) {
    results[`gradient in weight ${i}`] = await valuesOf(grads[weight.name]!);
  }
  tf.dispose([value, grads, xs]);
  model.dispose();
  return results;
}
