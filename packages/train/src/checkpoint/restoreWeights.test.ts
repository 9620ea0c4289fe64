import { seeds } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import {
  initializers,
  input,
  type LayersModel,
  layers,
  model,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { CheckpointError } from '../errors.js';
import { AdversarialTrainer } from '../training/adversarialTrainer.js';
import { memoryStore } from './checkpointStore.js';
import { restoreWeights } from './restoreWeights.js';

const build = (seed: number, { units = 3, names = ['stem', 'logits'] } = {}) => {
  const nextSeed = seeds(seed);
  const dense = (width: number, name: string | undefined, x: SymbolicTensor) =>
    layers
      .dense({
        units: width,
        kernelInitializer: initializers.glorotUniform({ seed: nextSeed() }),
        ...(name && { name }),
      })
      .apply(x) as SymbolicTensor;
  const a = input({ shape: [2], name: 'a' });
  const stem = dense(units, names[0], a);
  const features = layers.batchNormalization({ name: 'norm' }).apply(stem) as SymbolicTensor;
  const logits = dense(2, names[1], features);
  return { encoder: model({ inputs: a, outputs: features }), whole: model({ inputs: a, outputs: logits }) };
};

const samples = {
  size: 2,
  ids: ['s1', 's2'],
  classes: ['left', 'right'],
  modalities: { a: { shape: [2], unit: 'one' } },
  async *batches() {
    yield {
      ids: ['s1', 's2'],
      inputs: {
        a: tf.tensor2d([
          [0, 1],
          [1, 3],
        ]),
      },
      labels: tf.tensor1d([0, 1], 'int32'),
    };
  },
  subset: () => samples,
};

async function trained(whole: LayersModel): Promise<Uint8Array> {
  const checkpoint = memoryStore();
  const optimizer = tf.train.adam(0.1);
  const trainer = new AdversarialTrainer({
    model: whole,
    objective: 'cross-entropy',
    optimizer,
    checkpoint,
    batchSize: 2,
    seed: 1,
  });
  await trainer.fit(samples, { epochs: 2 });
  return (await checkpoint.read())!;
}
const values = (of: LayersModel) => of.getWeights().map((weight) => [...weight.dataSync()]);

let source: ReturnType<typeof build>;
let checkpoint: Uint8Array;
beforeAll(async () => {
  await tf.setBackend('cpu');
  source = build(1);
  checkpoint = await trained(source.whole);
});

describe('restoreWeights', () => {
  it('sets all weights of the same network, moving statistics included', () => {
    const { whole } = build(2);
    expect(values(whole)).not.toEqual(values(source.whole));
    const before = tf.memory().numTensors;
    const { restored, skipped } = restoreWeights(whole, checkpoint);
    expect(tf.memory().numTensors).toBe(before);
    expect(values(whole)).toEqual(values(source.whole));
    expect(restored).toContain('norm/moving_mean');
    expect(skipped).toEqual([]);
  });

  it('sets the weights of a part, and nothing else', () => {
    const { encoder, whole } = build(2);
    const headOf = () =>
      whole
        .getLayer('logits')
        .getWeights()
        .map((weight) => [...weight.dataSync()]);
    const head = headOf();
    const { skipped } = restoreWeights(encoder, checkpoint, { part: true });
    expect(values(encoder)).toEqual(values(source.encoder));
    expect(headOf()).toEqual(head);
    expect(skipped.sort()).toEqual(['logits/bias', 'logits/kernel']);
  });

  it.each<[name: string, model: () => LayersModel, message: RegExp]>([
    [
      'a weight that is not there',
      () => build(2, { names: ['other', 'logits'] }).whole,
      /got no 'other\/kernel' among \[stem\/kernel, .*; expected all of this model's weights/,
    ],
    [
      'another shape',
      () => build(2, { units: 4 }).whole,
      /got 'stem\/kernel' of shape \[2, 3\]; expected \[2, 4\] as in this model/,
    ],
    [
      'weights that the model does not have',
      () => build(2).encoder,
      /got 'logits\/kernel'; expected this model's weights only/,
    ],
  ])('changes nothing for %s', (_, made, message) => {
    const other = made();
    const before = values(other);
    expect(() => restoreWeights(other, checkpoint)).toThrow(message);
    expect(() => restoreWeights(other, checkpoint)).toThrow(CheckpointError);
    expect(values(other)).toEqual(before);
  });

  it('refuses damaged bytes', () => {
    const damaged = checkpoint.slice();
    damaged[damaged.length - 1]! ^= 1;
    expect(() => restoreWeights(build(2).whole, damaged)).toThrow(/checksum/);
    expect(() => restoreWeights(build(2).whole, checkpoint.subarray(0, 100))).toThrow(CheckpointError);
  });

  it('refuses weights with the same name', async () => {
    // Without given names, both dense layers' weights are called dense_Dense/kernel in every process.
    const { whole } = build(3, { names: [] });
    const bytes = await trained(whole);
    expect(() => restoreWeights(whole, bytes)).toThrow(/got two weights called 'dense_Dense\/kernel'/);
  });

  it('refuses unknown options', () => {
    expect(() => restoreWeights(build(2).whole, checkpoint, { partial: true } as never)).toThrow(
      'restoreWeights.partial: got an unknown option; expected part. Remove it or rename it.',
    );
  });
});
