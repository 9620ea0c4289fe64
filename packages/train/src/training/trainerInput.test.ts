import { pgd } from '@amr/attacks';
import { tinyModel, tinySamples, weightBytes } from '@amr/testing/data/tinySamples';
import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import {
  AdversarialTrainer,
  type AdversarialTrainerOptions,
  amrObjective,
  type Batch,
  crossEntropyObjective,
  type Dataset,
  memoryStore,
  TrainOptionError,
} from '../index.js';

const good = (): AdversarialTrainerOptions => ({
  model: tinyModel(),
  objective: 'cross-entropy',
  optimizer: tf.train.sgd(0.1),
  batchSize: 6,
  seed: 1,
});
const headless = () => {
  const rgb = input({ shape: [4], name: 'rgb' });
  return model({ inputs: rgb, outputs: layers.dense({ units: 3 }).apply(rgb) as SymbolicTensor });
};
const unnamed = () => {
  const rgb = input({ shape: [4], name: 'rgb' });
  const heads = ['a', 'b'].map((name) => layers.dense({ units: 3, name }).apply(rgb) as SymbolicTensor);
  return model({ inputs: rgb, outputs: heads });
};
const frozen = () => {
  const built = tinyModel();
  for (const layer of built.layers) layer.trainable = false;
  return built;
};

describe('an option that cannot work is an error before any work', () => {
  it.each<[string, () => Partial<AdversarialTrainerOptions>, RegExp]>([
    ['batchSize 0', () => ({ batchSize: 0 }), /batchSize: expected a whole number of 1 or more, got 0/],
    ['seed 0.5', () => ({ seed: 0.5 }), /seed: expected a whole number, got 0.5/],
    ['cleanShare 1', () => ({ cleanShare: 1 }), /cleanShare: expected a share in \[0, 1\), got 1/],
    ['gradientClip 0', () => ({ gradientClip: 0 }), /gradientClip/],
    ['weightDecay -1', () => ({ weightDecay: -1 }), /weightDecay/],
    ['checkpointInterval NaN', () => ({ checkpointInterval: Number.NaN }), /checkpointInterval/],
    [
      'an unknown objective',
      () => ({ objective: 'mse' as never }),
      /'cross-entropy', 'amr' or a function, got mse/,
    ],
    ['amr without heads', () => ({ objective: 'amr', model: headless() }), /needs auxiliary heads/],
    ['no logits', () => ({ model: unnamed() }), /output layer named 'logits' .* got \[a, b\]/],
    ['a frozen model', () => ({ model: frozen() }), /no trainable weights/],
    [
      'an attack on an unknown modality',
      () => ({ attack: pgd({ depth: { norm: 'linf', epsilon: 1 } }) }),
      /budget for 'depth', the model's inputs are \[rgb, skeleton\]/,
    ],
    [
      'an optimizer whose state cannot be saved',
      () => ({
        checkpoint: memoryStore(),
        optimizer: Object.assign(tf.train.sgd(1), { getClassName: () => 'Lion' }),
      }),
      /state of 'Lion' can't be saved/,
    ],
  ])('%s', (_, changes, message) => {
    const build = () => new AdversarialTrainer({ ...good(), ...changes() });
    expect(build).toThrow(TrainOptionError);
    expect(build).toThrow(message);
  });

  it('objectives', () => {
    expect(() => crossEntropyObjective({ labelSmoothing: 1 })).toThrow(/labelSmoothing/);
    expect(() => amrObjective({ lambda: -1 })).toThrow(/lambda/);
  });

  it.each([[0], [1.5], [-2], [Number.NaN]])('epochs %s', async (epochs) => {
    await expect(new AdversarialTrainer(good()).fit(tinySamples(12), { epochs })).rejects.toThrow(
      /epochs: expected a whole number/,
    );
  });
});

describe('data that cannot be used', () => {
  const samples = tinySamples(12);
  const withModality = (name: string, shape: number[]): Dataset => ({
    ...samples,
    modalities: { ...samples.modalities, [name]: { shape, unit: '' } },
  });
  const spoiled = (spoil: (batch: Batch) => Partial<Batch>): Dataset => ({
    ...samples,
    async *batches(options) {
      for await (const batch of samples.batches(options)) yield { ...batch, ...spoil(batch) };
    },
  });
  it.each<[string, Dataset, RegExp]>([
    ['an empty set', { ...samples, size: 0, ids: [] }, /training set: the data set is empty/],
    ['too few ids', { ...samples, ids: ['a'] }, /1 ids for 12 samples/],
    [
      'a wrong rank',
      withModality('rgb', [4, 1]),
      /'rgb' have shape \[4,1\] \(rank 2\), the model takes \[4\] \(rank 1\)/,
    ],
    [
      'a missing modality',
      { ...samples, modalities: { rgb: samples.modalities['rgb']! } },
      /an input 'skeleton', the data set has \[rgb\]/,
    ],
    ['another number of classes', { ...samples, classes: ['a', 'b'] }, /2 classes, the model's logits 3/],
    [
      'a label out of range',
      spoiled(({ ids }) => ({ labels: tf.fill([ids.length], 3, 'int32') as tf.Tensor1D })),
      /sample s\d+ has label 3; expected an integer in \[0, 3\)/,
    ],
    [
      'NaN',
      spoiled(({ inputs }) => ({ inputs: { ...inputs, rgb: tf.fill([6, 4], Number.NaN) } })),
      /'rgb' holds NaN or infinite values/,
    ],
    [
      'infinity',
      spoiled(({ inputs }) => ({ inputs: { ...inputs, skeleton: tf.fill([6, 2, 3], -Infinity) } })),
      /'skeleton' holds NaN or infinite values/,
    ],
    [
      'a shape that was not announced',
      spoiled(({ inputs }) => ({ inputs: { ...inputs, rgb: tf.zeros([6, 5]) } })),
      /'rgb' has shape \[6,5\], expected \[6,4\]/,
    ],
    [
      'labels that miss the batch',
      spoiled(() => ({ labels: tf.tensor1d([0], 'int32') })),
      /6 ids and labels of shape \[1\]/,
    ],
  ])('%s', async (_, data, message) => {
    const options = good();
    const before = weightBytes(options.model);
    const error = await new AdversarialTrainer(options).fit(data, { epochs: 1 }).catch((thrown) => thrown);
    expect(error.message).toMatch(message);
    expect(['TrainOptionError', 'TrainDataError']).toContain(error.name);
    expect(weightBytes(options.model)).toBe(before);
  });

  it('fewer batches than announced', async () => {
    const short: Dataset = { ...samples, batches: (options) => samples.subset([0, 1, 2]).batches(options) };
    await expect(new AdversarialTrainer(good()).fit(short, { epochs: 1 })).rejects.toThrow(
      /expected 2 batches of 6 from 12 samples in epoch 0, got 1/,
    );
  });
});

it('refuses two trainings at once and a set without a whole batch; does nothing when stopped beforehand', async () => {
  const samples = tinySamples(12);
  const trainer = new AdversarialTrainer({ ...good(), dropLast: true });
  const running = trainer.fit(samples, { epochs: 1 });
  await expect(trainer.fit(samples, { epochs: 1 })).rejects.toThrow(/already training/);
  await running;
  await expect(trainer.fit(samples, { epochs: 1, batchSize: 13 })).rejects.toThrow(/no batch of 13/);
  const options = good();
  const before = weightBytes(options.model);
  const result = await new AdversarialTrainer(options).fit(samples, {
    epochs: 1,
    signal: AbortSignal.abort(),
  });
  expect(result).toEqual({ finished: false, history: [], steps: 0 });
  expect(weightBytes(options.model)).toBe(before);
});
