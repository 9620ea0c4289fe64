import { AttackInputError, classifierOf, pgd } from '@amr/attacks';
import { tinyModel, tinySamples, weightBytes } from '@amr/testing/data/tinySamples';
import * as tf from '@tensorflow/tfjs-core';
import {
  input,
  type LayersModel,
  layers,
  model as modelOf,
  type SymbolicTensor,
  sequential,
} from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import {
  AdversarialTrainer,
  type AdversarialTrainerOptions,
  CheckpointError,
  type Dataset,
  memoryStore,
  TrainOptionError,
} from '../index.js';

const glorot = (seed: number) => ({ className: 'GlorotUniform', config: { seed } }) as never;
const dense = (units: number, seed: number, config: object = {}) =>
  layers.dense({ units, kernelInitializer: glorot(seed), ...config });

/** Two inputs and three heads, none of whose names the library chose; `activation` ends all heads. */
function theirs(activation: 'linear' | 'softmax'): LayersModel {
  const picture = input({ shape: [4], name: 'picture' });
  const pose = input({ shape: [2, 3], name: 'pose' });
  const a = dense(5, 1, { activation: 'relu' }).apply(picture) as SymbolicTensor;
  const flat = layers.flatten().apply(pose) as SymbolicTensor;
  const b = dense(5, 2, { activation: 'relu' }).apply(flat) as SymbolicTensor;
  const joined = layers.concatenate().apply([a, b]) as SymbolicTensor;
  return modelOf({
    inputs: [picture, pose],
    outputs: [
      dense(3, 3, { activation, name: 'pictureHead' }).apply(a) as SymbolicTensor,
      dense(3, 4, { activation, name: 'fused' }).apply(joined) as SymbolicTensor,
      dense(3, 5, { activation, name: 'poseHead' }).apply(b) as SymbolicTensor,
    ],
  });
}

/** The same network by the library's names. */
function ours(): LayersModel {
  const rgb = input({ shape: [4], name: 'rgb' });
  const skeleton = input({ shape: [2, 3], name: 'skeleton' });
  const a = dense(5, 1, { activation: 'relu' }).apply(rgb) as SymbolicTensor;
  const flat = layers.flatten().apply(skeleton) as SymbolicTensor;
  const b = dense(5, 2, { activation: 'relu' }).apply(flat) as SymbolicTensor;
  const joined = layers.concatenate().apply([a, b]) as SymbolicTensor;
  return modelOf({
    inputs: [rgb, skeleton],
    outputs: [
      dense(3, 3, { name: 'rgbLogits' }).apply(a) as SymbolicTensor,
      dense(3, 4, { name: 'logits' }).apply(joined) as SymbolicTensor,
      dense(3, 5, { name: 'skeletonLogits' }).apply(b) as SymbolicTensor,
    ],
  });
}

const named = {
  inputs: ['rgb', 'skeleton'],
  output: 'fused',
  auxiliary: { rgb: 'pictureHead', skeleton: 2 },
};
const attack = () =>
  pgd(
    { rgb: { norm: 'linf', epsilon: 0.1, range: [0, 1] }, skeleton: { norm: 'linf', epsilon: 0.1 } },
    { steps: 2 },
  );

async function train(
  model: LayersModel,
  samples: Dataset,
  options: Partial<AdversarialTrainerOptions> = {},
): Promise<number[]> {
  const trainer = new AdversarialTrainer({
    model,
    objective: 'cross-entropy',
    optimizer: tf.train.adam(0.05),
    batchSize: 6,
    seed: 1,
    ...options,
  });
  const { history } = await trainer.fit(samples, { epochs: 2 });
  return history.map(({ loss }) => loss);
}

/** One modality of the samples, and of `classes` classes. */
function one(modality: 'rgb', classes = 3): Dataset {
  const samples = tinySamples(18, { classes });
  return { ...samples, modalities: { [modality]: samples.modalities[modality]! } };
}

describe("models by other people's names", () => {
  it.each(['linear', 'softmax'] as const)('train like ours, bit for bit: %s', async (activation) => {
    const samples = tinySamples(18);
    const [mine, other] = [ours(), theirs(activation)];
    const settings = { objective: 'amr', attack: attack() } as const;
    const expected = await train(mine, samples, settings);
    expect(await train(other, samples, { ...settings, ...named })).toEqual(expected);
    expect(weightBytes(other)).toBe(weightBytes(mine));
    const rows = tf.sum(tf.concat(other.predict([tf.ones([2, 4]), tf.ones([2, 2, 3])]) as tf.Tensor[]), 1);
    // The model keeps its softmax: float32 rows that add up to 1.
    if (activation === 'softmax') for (const sum of rows.dataSync()) expect(sum).toBeCloseTo(1, 5);
  });

  it('train with some of the heads, and without them', async () => {
    const samples = tinySamples(18);
    const seen: string[][] = [];
    const objective = Object.assign(
      (outputs: { [name: string]: tf.Tensor }) => {
        seen.push(Object.keys(outputs));
        return tf.mean(outputs['logits']!) as tf.Scalar;
      },
      { label: 'mean' },
    );
    await train(theirs('linear'), samples, { ...named, auxiliary: { skeleton: 'poseHead' }, objective });
    expect(seen[0]).toEqual(['pictureHead', 'logits', 'skeletonLogits']);
    await train(tinyModel(), samples, { auxiliary: { rgb: 'skeletonLogits' }, objective });
    expect(seen.at(-1)).toEqual(['logits', 'rgbLogits']);
  });

  it.each<[string, Partial<AdversarialTrainerOptions>, RegExp]>([
    [
      'an unknown output',
      { output: 'logit' },
      /^AdversarialTrainer.output: got 'logit'; expected an index from 0 to 2 .*pictureHead.*fused.*poseHead/,
    ],
    [
      'an index that is too large',
      { output: 3 },
      /^AdversarialTrainer.output: got 3; expected an index from 0 to 2/,
    ],
    [
      'too few inputs',
      { inputs: ['rgb'] },
      /inputs: got .*; expected a different name for each .*2 inputs.*picture.*pose/,
    ],
    ['an input twice', { inputs: ['a', 'a'] }, /inputs: got .*; expected a different name for each/],
    [
      'heads of an unknown modality',
      { auxiliary: { depth: 'poseHead' } },
      /^AdversarialTrainer.auxiliary: got 'depth'; expected the modalities .*rgb.*skeleton/,
    ],
    [
      'an unknown head',
      { auxiliary: { rgb: 'head' } },
      /^AdversarialTrainer.auxiliary.rgb: got 'head'; expected .*poseHead/,
    ],
    [
      'the logits as a head',
      { auxiliary: { rgb: 'fused' } },
      /auxiliary.rgb: got 'fused'; expected another output/,
    ],
    [
      'heads as a list',
      { auxiliary: ['poseHead'] as never },
      /^AdversarialTrainer.auxiliary: got .*expected an object/,
    ],
    [
      'allowProbabilities 1',
      { allowProbabilities: 1 as never },
      /allowProbabilities: got 1; expected true or false/,
    ],
  ])('are refused with %s', (_, wrong, message) => {
    const build = () =>
      new AdversarialTrainer({
        model: theirs('linear'),
        objective: 'cross-entropy',
        optimizer: tf.train.sgd(0.1),
        batchSize: 6,
        seed: 1,
        ...named,
        ...wrong,
      });
    expect(build).toThrow(TrainOptionError);
    expect(build).toThrow(message);
  });
});

describe('Sequential models', () => {
  const build = (activation: 'linear' | 'softmax') => {
    const built = sequential();
    built.add(dense(5, 1, { activation: 'relu', inputShape: [4] }));
    built.add(dense(3, 2, { activation }));
    return built;
  };

  it('train before their first prediction, and a softmax changes nothing', async () => {
    const samples = one('rgb');
    const settings = { inputs: ['rgb'], attack: pgd({ rgb: { norm: 'linf', epsilon: 0.05 } }, { steps: 2 }) };
    const [plain, soft] = [build('linear'), build('softmax')];
    const [first, second] = await train(plain, samples, settings);
    expect(second).toBeLessThan(first!);
    expect(await train(soft, samples, settings)).toEqual([first, second]);
    expect(weightBytes(soft)).toBe(weightBytes(plain));
  });

  it('with one sigmoid unit train on the logits 0 and z', async () => {
    const built = sequential();
    built.add(dense(1, 3, { activation: 'sigmoid', inputShape: [4] }));
    const samples = one('rgb', 2);
    const [w, b] = built.getWeights().map((weight) => tf.clone(weight));
    await train(built, samples, { inputs: ['rgb'], optimizer: tf.train.sgd(0.1), batchSize: 18 });
    // Two steps of logistic regression by hand: the gradient of the mean loss by z is (sigmoid(z) - y) / n.
    for await (const batch of samples.batches({ batchSize: 18 })) {
      let [kernel, bias] = [w!, b!];
      const x = batch.inputs['rgb']!;
      for (let step = 0; step < 2; step++) {
        const z = tf.add(tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D), bias);
        const slope = tf.div(tf.sub(tf.sigmoid(z), tf.reshape(batch.labels, [-1, 1])), 18);
        kernel = tf.sub(kernel, tf.mul(0.1, tf.matMul(x as tf.Tensor2D, slope as tf.Tensor2D, true)));
        bias = tf.sub(bias, tf.mul(0.1, tf.sum(slope)));
      }
      const trained = built.getWeights().flatMap((weight) => [...weight.dataSync()]);
      // float32, in another order of sums
      [...kernel.dataSync(), ...bias.dataSync()].forEach((value, i) => {
        expect(trained[i]).toBeCloseTo(value, 5);
      });
    }
  });

  it('are refused when they end in several sigmoid units, or are empty', () => {
    const several = sequential({
      layers: [dense(3, 1, { activation: 'sigmoid', inputShape: [4], name: 'many' })],
    });
    const make = (model: unknown) => () =>
      new AdversarialTrainer({
        model: model as LayersModel,
        objective: 'cross-entropy',
        optimizer: tf.train.sgd(0.1),
        batchSize: 6,
        seed: 1,
      });
    expect(make(several)).toThrow(TrainOptionError);
    expect(make(several)).toThrow(/^model: got the output 'many', .*several answers/);
    expect(make(sequential())).toThrow(/^model: got a Sequential without layers/);
    const graph = { execute() {}, executeAsync() {}, inputs: [], outputs: [] };
    expect(make(graph)).toThrow(/^model: got a GraphModel; .*nothing to train/);
    expect(make(Promise.resolve(several))).toThrow(/^model: got a promise; .*Await it/);
    expect(make(undefined)).toThrow(/^model: got undefined; expected a LayersModel or Sequential/);
  });
});

describe('outputs that are probabilities', () => {
  /** The average of two softmaxes: no ending that can be left out. */
  const average = () => {
    const rgb = input({ shape: [4], name: 'rgb' });
    const heads = [1, 2].map((i) => dense(3, i, { activation: 'softmax' }).apply(rgb) as SymbolicTensor);
    return modelOf({ inputs: rgb, outputs: layers.average().apply(heads) as SymbolicTensor });
  };

  it('are refused in the first batch, before a step, unless they are allowed', async () => {
    const model = average();
    const before = weightBytes(model);
    await expect(train(model, one('rgb'))).rejects.toThrow(AttackInputError);
    await expect(train(model, one('rgb'))).rejects.toThrow(/output for 'logits'.*probabilities/);
    expect(weightBytes(model)).toBe(before);
    const rgb = pgd({ rgb: { norm: 'linf', epsilon: 0.05 } }, { steps: 2 });
    await train(model, one('rgb'), { allowProbabilities: true, attack: rgb });
    expect(weightBytes(model)).not.toBe(before);
  });
});

describe('checkpoints', () => {
  it('resume with the same outputs, and are refused with others', async () => {
    const samples = tinySamples(18);
    const whole = theirs('softmax');
    const settings = { ...named, objective: 'amr', attack: attack() } as const;
    await train(whole, samples, settings);

    const checkpoint = memoryStore();
    const begin = (model: LayersModel, options: Partial<AdversarialTrainerOptions> = {}) =>
      new AdversarialTrainer({
        model,
        optimizer: tf.train.adam(0.05),
        batchSize: 6,
        seed: 1,
        checkpoint,
        ...settings,
        ...options,
      });
    await begin(theirs('softmax')).fit(samples, { epochs: 1 });
    const saved = await checkpoint.read();
    const again = theirs('softmax');
    await begin(again).fit(samples, { epochs: 2 });
    expect(weightBytes(again)).toBe(weightBytes(whole));

    const others: Partial<AdversarialTrainerOptions>[] = [
      { auxiliary: { rgb: 'poseHead', skeleton: 'pictureHead' } },
      { output: 'poseHead', auxiliary: { skeleton: 'fused', rgb: 'pictureHead' } },
    ];
    for (const other of others) {
      await checkpoint.write(saved!);
      const attempt = begin(theirs('softmax'), other).fit(samples, { epochs: 2 });
      await expect(attempt).rejects.toThrow(CheckpointError);
      await expect(attempt).rejects.toThrow(/ports/);
    }
    // Trained through the logits themselves: another function of the same weights.
    await expect(begin(theirs('linear')).fit(samples, { epochs: 2 })).rejects.toThrow(/logitsInFrontOf/);
  });

  it('of models with our names are the same with the names given', async () => {
    const samples = tinySamples(12);
    const checkpoint = memoryStore();
    const objective = 'amr';
    await train(tinyModel(), samples, { checkpoint, objective });
    const options = {
      inputs: ['rgb', 'skeleton'],
      output: 'logits',
      auxiliary: { skeleton: 'skeletonLogits', rgb: 'rgbLogits' },
    };
    await train(tinyModel(), samples, { checkpoint, objective, ...options });
  });
});

it('a trained model is attacked by the same names', async () => {
  const model = theirs('softmax');
  await train(model, tinySamples(18), named);
  const classifier = classifierOf(model, { inputs: named.inputs, output: named.output });
  expect(classifier({ rgb: tf.ones([2, 4]), skeleton: tf.ones([2, 2, 3]) }).shape).toEqual([2, 3]);
});
