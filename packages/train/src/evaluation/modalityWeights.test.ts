import { classifierOf } from '@amr/attacks';
import { AttentionModalityReweighter } from '@amr/layers';
import { budgets, tinyModel, tinySamples } from '@amr/testing/data/tinySamples';
import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { expect, it } from 'vitest';
import { evaluateRobustness, modalityWeightsOf } from '../index.js';

function reweighted(stages: number, granularity: 'modality' | 'channel' = 'modality') {
  const rgb = input({ shape: [4], name: 'rgb' });
  const skeleton = input({ shape: [2, 3], name: 'skeleton' });
  let features = [rgb, layers.flatten().apply(skeleton) as SymbolicTensor];
  const weights: SymbolicTensor[] = [];
  for (let stage = 1; stage <= stages; stage++) {
    const name = stages === 1 ? 'reweighter' : `reweighter${stage}`;
    const outputs = new AttentionModalityReweighter({
      granularity,
      returnWeights: true,
      name,
      seed: 1,
    }).apply(features);
    features = outputs.slice(0, 2);
    weights.push(outputs[2]!);
  }
  const joined = layers.concatenate().apply(features);
  const logits = layers.dense({ units: 3, name: 'logits' }).apply(joined) as SymbolicTensor;
  return model({ inputs: [rgb, skeleton], outputs: [logits, ...weights] });
}

it('reads the weights of one stage, of several, and of channels', async () => {
  const inputs = { rgb: tf.ones([2, 4]), skeleton: tf.ones([2, 2, 3]) };
  const read = (weights: { [name: string]: tf.Tensor }) =>
    Object.fromEntries(Object.entries(weights).map(([name, tensor]) => [name, tensor.arraySync()]));
  tf.tidy(() => {
    // An untrained reweighter gives all modalities the same weight.
    expect(read(modalityWeightsOf(reweighted(1))(inputs))).toEqual({
      rgb: [[0.5], [0.5]],
      skeleton: [[0.5], [0.5]],
    });
    expect(Object.keys(modalityWeightsOf(reweighted(2))(inputs))).toEqual([
      'reweighter1: rgb',
      'reweighter1: skeleton',
      'reweighter2: rgb',
      'reweighter2: skeleton',
    ]);
    const channels = modalityWeightsOf(reweighted(1, 'channel'), { channels: [4, 6] })(inputs);
    expect(channels['skeleton']!.shape).toEqual([2, 6]);
    const named = modalityWeightsOf(reweighted(2), {
      outputs: ['reweighter2'],
      modalities: ['depth', 'pose'],
    })(inputs);
    expect(Object.keys(named)).toEqual(['depth', 'pose']);
  });
  tf.dispose(inputs);
});

it('enters the report as means over the samples that are right', async () => {
  const built = reweighted(1);
  // Class c by the c-th value of rgb: right for most samples, whatever the initial weights.
  const kernel = tf.tensor2d(
    Array.from({ length: 30 }, (_, i) => (i % 3 === Math.floor(i / 3) ? 1 : 0)),
    [10, 3],
  );
  built.getLayer('logits').setWeights([kernel, tf.zeros([3])]);
  const report = await evaluateRobustness(classifierOf(built), tinySamples(9), {
    budgets,
    attacks: {
      FGSM: (threatModel) => ({
        name: 'none',
        threatModel,
        perturb: async (_, x) => ({ rgb: tf.clone(x['rgb']!), skeleton: tf.clone(x['skeleton']!) }),
      }),
    },
    weightsOf: modalityWeightsOf(built),
  });
  expect(report.data.weights!.count).toBe(Math.round(9 * report.clean.accuracy));
  expect(report.data.weights!.count).toBeGreaterThan(0);
  expect(report.weights!.clean).toEqual({ rgb: 0.5, skeleton: 0.5 });
  expect(report.weights!.attacked['both']!['FGSM']).toEqual({ rgb: 0.5, skeleton: 0.5 });
});

it('names what is missing', () => {
  expect(() => modalityWeightsOf(tinyModel())).toThrow(
    /got the outputs \[logits, rgbLogits, skeletonLogits\]; expected one with modality weights/,
  );
  expect(() => modalityWeightsOf(reweighted(1, 'channel'))).toThrow(
    /of shape \[batch, 10\]; expected weights of shape \[batch, 2\]. Give channels/,
  );
  expect(() => modalityWeightsOf(reweighted(1), { outputs: ['w'] })).toThrow(
    /outputs: got 'w'; expected names among the model's outputs/,
  );
  expect(() => modalityWeightsOf(reweighted(1), { channels: [1] })).toThrow(
    /channels: got \[1\]; expected a number for each/,
  );
});
