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

describe('an option that is not valid is an error before any work', () => {
  it.each<[string, () => Partial<AdversarialTrainerOptions>, RegExp]>([
    [
      'batchSize 0',
      () => ({ batchSize: 0 }),
      /^AdversarialTrainer.batchSize: got 0; expected a whole number from 1/,
    ],
    ['seed 0.5', () => ({ seed: 0.5 }), /^AdversarialTrainer.seed: got 0.5; expected a whole number/],
    ['cleanShare 1', () => ({ cleanShare: 1 }), /cleanShare: got 1; expected a number in \[0, 1\)/],
    ['gradientClip 0', () => ({ gradientClip: 0 }), /gradientClip/],
    ['weightDecay -1', () => ({ weightDecay: -1 }), /weightDecay/],
    ['checkpointInterval NaN', () => ({ checkpointInterval: Number.NaN }), /checkpointInterval/],
    [
      'an unknown objective',
      () => ({ objective: 'mse' as never }),
      /objective: got 'mse'; expected 'cross-entropy', 'amr' or a function/,
    ],
    [
      'amr without heads',
      () => ({ objective: 'amr', model: headless() }),
      /got the outputs \[logits\]; expected auxiliary heads/,
    ],
    ['no logits', () => ({ model: unnamed() }), /got the outputs \[a, b\]; expected one named 'logits'/],
    ['a frozen model', () => ({ model: frozen() }), /without trainable weights/],
    [
      'an attack on an unknown modality',
      () => ({ attack: pgd({ depth: { norm: 'linf', epsilon: 1 } }) }),
      /budget for 'depth' in 'pgd'; expected the model's inputs \[rgb, skeleton\]/,
    ],
    [
      'an optimizer whose state cannot be saved',
      () => ({
        checkpoint: memoryStore(),
        optimizer: Object.assign(tf.train.sgd(1), { getClassName: () => 'Lion' }),
      }),
      /got 'Lion', whose state can't be saved/,
    ],
    [
      'an unknown option',
      () => ({ learningRate: 1 }) as never,
      /^AdversarialTrainer.learningRate: got an unknown option; expected one of model, objective/,
    ],
    [
      'a misspelt option',
      () => ({ batchsize: 1 }) as never,
      /batchsize: got an unknown option; expected batchSize/,
    ],
    [
      'an unknown option of the decay',
      () => ({ weightDecay: { rate: 1, apply: () => true } as never }),
      /^AdversarialTrainer.weightDecay.apply: got an unknown option; expected one of rate, applies/,
    ],
    [
      'an unknown attackMode',
      () => ({ attackMode: 'test' as never }),
      /attackMode: got 'test'; expected one of eval, train/,
    ],
  ])('%s', (_, changes, message) => {
    const build = () => new AdversarialTrainer({ ...good(), ...changes() });
    expect(build).toThrow(TrainOptionError);
    expect(build).toThrow(message);
  });

  it('objectives', () => {
    expect(() => crossEntropyObjective({ labelSmoothing: 1 })).toThrow(/labelSmoothing/);
    expect(() => amrObjective({ lambda: -1 })).toThrow(/lambda/);
    expect(() => amrObjective({ labelsmoothing: 0 } as never)).toThrow(/expected labelSmoothing/);
    expect(() => crossEntropyObjective({ lambda: 0 } as never)).toThrow(
      /^crossEntropyObjective.lambda: got an unknown option; expected labelSmoothing/,
    );
  });

  it.each([[0], [1.5], [-2], [Number.NaN]])('epochs %s', async (epochs) => {
    await expect(new AdversarialTrainer(good()).fit(tinySamples(12), { epochs })).rejects.toThrow(
      /^fit.epochs: got .*; expected a whole number from 1/,
    );
  });
});

describe('data that are not valid are an error', () => {
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
    ['an empty set', { ...samples, size: 0, ids: [] }, /^trainSet: got 0 samples; expected one or more/],
    ['too few ids', { ...samples, ids: ['a'] }, /^trainSet.ids: got 1; expected 12/],
    [
      'a wrong rank',
      withModality('rgb', [4, 1]),
      /rgb.shape: got \[4, 1\] \(rank 2\); expected \[4\] \(rank 1\)/,
    ],
    [
      'a missing modality',
      { ...samples, modalities: { rgb: samples.modalities['rgb']! } },
      /modalities: got \[rgb\]; expected 'skeleton', an input of the model/,
    ],
    [
      'another number of classes',
      { ...samples, classes: ['a', 'b'] },
      /^trainSet.classes: got 2; expected 3, the width of the model's logits/,
    ],
    [
      'a label out of range',
      spoiled(({ ids }) => ({ labels: tf.fill([ids.length], 3, 'int32') as tf.Tensor1D })),
      /labels: got 3 for sample s\d+; expected a whole number in \[0, 3\)/,
    ],
    [
      'NaN',
      spoiled(({ inputs }) => ({ inputs: { ...inputs, rgb: tf.fill([6, 4], Number.NaN) } })),
      /inputs.rgb: got NaN or infinite values/,
    ],
    [
      'infinity',
      spoiled(({ inputs }) => ({ inputs: { ...inputs, skeleton: tf.fill([6, 2, 3], -Infinity) } })),
      /inputs.skeleton: got NaN or infinite values/,
    ],
    [
      'a shape that the data set does not state',
      spoiled(({ inputs }) => ({ inputs: { ...inputs, rgb: tf.zeros([6, 5]) } })),
      /inputs.rgb: got shape \[6, 5\] for sample s\d+ and those after it; expected \[6, 4\]/,
    ],
    [
      'too few labels',
      spoiled(() => ({ labels: tf.tensor1d([0], 'int32') })),
      /labels: got shape \[1\] and 6 ids/,
    ],
  ])('%s', async (_, data, message) => {
    const options = good();
    const before = weightBytes(options.model);
    const error = await new AdversarialTrainer(options).fit(data, { epochs: 1 }).catch((thrown) => thrown);
    expect(error.message).toMatch(message);
    expect(['TrainOptionError', 'TrainDataError']).toContain(error.name);
    expect(['AMR_TRAIN_OPTIONS', 'AMR_TRAIN_DATA']).toContain(error.code);
    expect(weightBytes(options.model)).toBe(before);
  });

  it('too few batches', async () => {
    const short: Dataset = { ...samples, batches: (options) => samples.subset([0, 1, 2]).batches(options) };
    await expect(new AdversarialTrainer(good()).fit(short, { epochs: 1 })).rejects.toThrow(
      /^trainSet: got 1 batches in epoch 0; expected 2 of 6, from 12 samples/,
    );
  });
});

it('refuses two trainings at once and a set without a whole batch; does nothing when stopped before', async () => {
  const samples = tinySamples(12);
  const trainer = new AdversarialTrainer({ ...good(), dropLast: true });
  const running = trainer.fit(samples, { epochs: 1 });
  await expect(trainer.fit(samples, { epochs: 1 })).rejects.toThrow(/already training/);
  await running;
  await expect(trainer.fit(samples, { epochs: 1, batchSize: 13 })).rejects.toThrow(
    /12 samples, which make no batch of 13/,
  );
  const options = good();
  const before = weightBytes(options.model);
  const result = await new AdversarialTrainer(options).fit(samples, {
    epochs: 1,
    signal: AbortSignal.abort(),
  });
  expect(result).toEqual({ finished: false, history: [], steps: 0 });
  expect(weightBytes(options.model)).toBe(before);
});

it('refuses unknown options of fit', async () => {
  const fit = (options: object) => new AdversarialTrainer(good()).fit(tinySamples(12), options as never);
  await expect(fit({ epochs: 1, epoch: 1 })).rejects.toThrow(
    'fit.epoch: got an unknown option; expected epochs. Rename it.',
  );
  await expect(fit({ epochs: 1, callbacks: { onBatchEnd: () => {} } })).rejects.toThrow(
    /^fit.callbacks.onBatchEnd: got an unknown option/,
  );
  const validation = { set: tinySamples(6), attacks: [] };
  await expect(fit({ epochs: 1, validation })).rejects.toThrow(/^fit.validation.attacks: .* expected attack/);
});
