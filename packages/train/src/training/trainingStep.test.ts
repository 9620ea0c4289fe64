import { type Attack, pgd } from '@amr/attacks';
import { budgets, tinyModel, tinySamples, weightBytes } from '@amr/testing/data/tinySamples';
import * as tf from '@tensorflow/tfjs-core';
import {
  initializers,
  input,
  type LayersModel,
  layers,
  model,
  regularizers,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { expect, it } from 'vitest';
import { AdversarialTrainer, type AdversarialTrainerOptions, type Dataset } from '../index.js';

const samples = tinySamples(12);
const settings = (changes: Partial<AdversarialTrainerOptions> = {}): AdversarialTrainerOptions => ({
  model: tinyModel({ dropout: 0 }),
  objective: 'cross-entropy',
  optimizer: tf.train.sgd(0.1),
  batchSize: 12,
  seed: 1,
  ...changes,
});

/** Adds a constant to rgb, and records the classifier's logits of the clean samples. */
const shift = (by: number, seen: Float32Array[] = []): Attack => ({
  name: 'shift',
  threatModel: { rgb: { norm: 'linf', epsilon: by } },
  perturb: async (classifier, inputs) => {
    seen.push(tf.tidy(() => classifier(inputs).dataSync<'float32'>()));
    return { rgb: tf.add(inputs['rgb']!, by), skeleton: tf.clone(inputs['skeleton']!) };
  },
});

/** The fused logits of the trainer's first batch. */
async function firstLogits(built: LayersModel): Promise<Float32Array> {
  for await (const { inputs } of samples.batches({ batchSize: 12, seed: 1, epoch: 0 })) {
    return (built.predict([inputs['rgb']!, inputs['skeleton']!]) as tf.Tensor[])[0]!.dataSync<'float32'>();
  }
  throw new Error('no batch');
}

it('trains on the result of the attack, whose classifier is the fused logits in inference mode', async () => {
  const seen: Float32Array[] = [];
  const attacked = settings({ attack: shift(0.1, seen) });
  const inUse = await firstLogits(attacked.model);
  await new AdversarialTrainer(attacked).fit(samples, { epochs: 1 });
  expect(seen[0]).toEqual(inUse);

  const moved: Dataset = {
    ...samples,
    async *batches(options) {
      for await (const { inputs, ...rest } of samples.batches(options)) {
        yield { ...rest, inputs: { rgb: tf.add(inputs['rgb']!, 0.1), skeleton: inputs['skeleton']! } };
      }
    },
  };
  const onMoved = settings();
  await new AdversarialTrainer(onMoved).fit(moved, { epochs: 1 });
  expect(weightBytes(attacked.model)).toBe(weightBytes(onMoved.model));
});

it("in attackMode 'train' the attack sees batch statistics and leaves moving statistics unchanged", async () => {
  const seen: Float32Array[] = [];
  const attacked = settings({ attack: shift(0, seen), attackMode: 'train' });
  const inUse = await firstLogits(attacked.model);
  await new AdversarialTrainer(attacked).fit(samples, { epochs: 1 });
  expect(seen[0]).not.toEqual(inUse);
  const plain = settings();
  await new AdversarialTrainer(plain).fit(samples, { epochs: 1 });
  expect(weightBytes(attacked.model)).toBe(weightBytes(plain.model));
});

it('follows the definitions of SGD, weight decay and gradient clipping', async () => {
  const rgb = input({ shape: [2], name: 'rgb' });
  const kernelInitializer = initializers.constant({ value: 0.5 });
  const logits = layers.dense({ units: 2, name: 'logits', kernelInitializer }).apply(rgb) as SymbolicTensor;
  const linear = model({ inputs: rgb, outputs: logits });
  const one: Dataset = {
    size: 1,
    ids: ['a'],
    classes: ['x', 'y'],
    modalities: { rgb: { shape: [2], unit: '' } },
    async *batches() {
      yield { ids: ['a'], inputs: { rgb: tf.tensor2d([[3, 4]]) }, labels: tf.tensor1d([0], 'int32') };
    },
    subset: () => one,
  };
  const rates: number[] = [];
  const optimizer = tf.train.sgd(1);
  const trainer = new AdversarialTrainer({
    ...settings({ model: linear, batchSize: 1, optimizer }),
    schedule: (_, step, base) => base / (10 * (step + 1)),
    weightDecay: 0.5,
    gradientClip: 0.25,
  });
  await trainer.fit(one, {
    epochs: 1,
    callbacks: { onBatch: ({ learningRate }) => void rates.push(learningRate) },
  });
  // p = (1/2, 1/2): the gradient is [-x/2, x/2] for the kernel and [-1/2, 1/2] for the bias, its norm
  // sqrt(2 * 25/4 + 2/4) = sqrt 13. The rate is 0.1; the kernel alone decays, by 0.1 * 0.5.
  const scale = (0.1 * 0.25) / Math.sqrt(13);
  const kernel = [1.5, 2].flatMap((half) => [0.475 + scale * half, 0.475 - scale * half]);
  const close = (values: number[]) => values.map((value) => expect.closeTo(value, 6));
  expect([...linear.weights[0]!.read().dataSync()]).toEqual(close(kernel));
  expect([...linear.weights[1]!.read().dataSync()]).toEqual(close([scale / 2, -scale / 2]));
  expect(rates).toEqual([0.1]);
  expect(optimizer).toMatchObject({ learningRate: 1 });
});

it('decays the weights that the option chooses', async () => {
  const kernels = async (decay: AdversarialTrainerOptions['weightDecay']) => {
    const options = settings(decay === undefined ? {} : { weightDecay: decay });
    await new AdversarialTrainer(options).fit(samples, { epochs: 1 });
    return options.model.weights.map((weight) => [...weight.read().dataSync()].join());
  };
  const plain = await kernels(undefined);
  const names: string[] = [];
  const chosen = await kernels({
    rate: 1,
    applies: ({ name, shape }) => {
      names.push(`${name} ${shape}`);
      return name.endsWith('/gamma');
    },
  });
  const weights = settings().model.weights.map(({ originalName }) => originalName);
  expect(weights.filter((_, i) => plain[i] !== chosen[i])).toEqual(
    weights.filter((name) => name.endsWith('/gamma')),
  );
  expect(names).toContain('logits/kernel 10,3');
  const all = await kernels(1);
  expect(weights.filter((_, i) => all[i] !== plain[i])).toEqual([
    expect.stringMatching(/^dense.*kernel$/),
    expect.stringMatching(/^dense.*kernel$/),
    'logits/kernel',
  ]);
});

it('adds clean and adversarial losses with their weights', async () => {
  const lossOf = async (changes: Partial<AdversarialTrainerOptions>) => {
    const { history } = await new AdversarialTrainer(settings(changes)).fit(samples, { epochs: 1 });
    return history[0]!.loss;
  };
  const attacked = await lossOf({ attack: shift(0.3) });
  const clean = await lossOf({});
  const mixed = await lossOf({ attack: shift(0.3), cleanShare: 0.25 });
  expect(await lossOf({ attack: () => undefined })).toBe(clean);
  // Batch normalisation cancels most of a uniform shift, so that the two losses differ little.
  expect(mixed).toBeCloseTo(0.75 * attacked + 0.25 * clean, 5);
});

it("adds the regularisers of the layers, and trains a model whose only output isn't called logits", async () => {
  const build = (l2: number) => {
    const rgb = input({ shape: [4], name: 'rgb' });
    const skeleton = input({ shape: [2, 3], name: 'skeleton' });
    const joined = layers.concatenate().apply([rgb, layers.flatten().apply(skeleton) as SymbolicTensor]);
    const kernelRegularizer = regularizers.l2({ l2 });
    const dense = layers.dense({ units: 3, kernelInitializer: 'ones', ...(l2 > 0 && { kernelRegularizer }) });
    return model({ inputs: [rgb, skeleton], outputs: dense.apply(joined) as SymbolicTensor });
  };
  const lossOf = async (l2: number) => {
    const options = settings({ model: build(l2), attack: pgd(budgets, { steps: 2 }) });
    return (await new AdversarialTrainer(options).fit(samples, { epochs: 1 })).history[0]!.loss;
  };
  expect(await lossOf(0.5)).toBeCloseTo((await lossOf(0)) + 0.5 * 30, 4);
});

it('leaves weights unchanged that the objective does not depend on', async () => {
  const options = settings({ optimizer: tf.train.adam(0.1), weightDecay: 0.1 });
  const before = options.model.getLayer('rgbLogits').getWeights()[0]!.dataSync().slice();
  await new AdversarialTrainer(options).fit(samples, { epochs: 1 });
  expect(options.model.getLayer('rgbLogits').getWeights()[0]!.dataSync()).toEqual(before);
  const deep = settings({ objective: 'amr' });
  await new AdversarialTrainer(deep).fit(samples, { epochs: 1 });
  expect(deep.model.getLayer('rgbLogits').getWeights()[0]!.dataSync()).not.toEqual(before);
});

it('gives dropout layers a mask for each step, then restores their seeds', async () => {
  const build = () => {
    const built = tinyModel({ dropout: 0.5 });
    const layer = built.layers.find((l) => l.getClassName() === 'Dropout') as unknown as { seed?: number };
    layer.seed = 77;
    return { built, layer };
  };
  const [a, b] = [build(), build()];
  const seeds = new Set<number | undefined>();
  const callbacks = { onBatch: () => void seeds.add(a.layer.seed) };
  await new AdversarialTrainer(settings({ model: a.built, batchSize: 6 })).fit(samples, {
    epochs: 2,
    callbacks,
  });
  await new AdversarialTrainer(settings({ model: b.built, batchSize: 6 })).fit(samples, { epochs: 2 });
  expect(seeds.size).toBe(4);
  expect(a.layer.seed).toBe(77);
  expect(weightBytes(a.built)).toBe(weightBytes(b.built));
});

it('logs the layers whose randomness cannot be repeated', async () => {
  const rgb = input({ shape: [4], name: 'rgb' });
  const noisy = layers.gaussianNoise({ stddev: 0.1, name: 'noise' }).apply(rgb) as SymbolicTensor;
  const logits = layers.dense({ units: 3 }).apply(noisy) as SymbolicTensor;
  const logged: string[] = [];
  const options = settings({
    model: model({ inputs: rgb, outputs: logits }),
    log: (line) => logged.push(line),
  });
  await new AdversarialTrainer(options).fit(samples, { epochs: 1 });
  expect(logged[0]).toMatch(/can't be repeated: noise/);
  expect(logged[1]).toMatch(/^Epoch 1 of 1: loss \d/);
});
