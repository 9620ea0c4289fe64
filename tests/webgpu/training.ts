import { attackConditions, pgd } from '@amr/attacks';
import { budgets, tinyModel, tinySamples } from '@amr/testing/data/tinySamples';
import { everyNetwork } from '@amr/testing/networks/everyNetwork';
import { AdversarialTrainer, cosine, type Dataset, memoryStore, sampleAttacks } from '@amr/train';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Case, type Results, valuesOf } from './comparison.js';

/** A few steps of adversarial training, uninterrupted and resumed from a checkpoint, on a dense model and on a network. */
export const trainingCases: Case[] = [
  {
    name: 'trainer, a dense model with dropout',
    daily: true,
    compute: () => trained(() => tinyModel(), tinySamples(10), 5),
  },
  {
    name: 'trainer, two streams with AMR',
    compute: () => trained(everyNetwork.find(({ name }) => name === 'two streams, amr')!.build, clips(), 3),
  },
];

/** Random clips and skeletons for the two-stream networks of {@link everyNetwork}. */
function clips(): Dataset {
  const ids = [...Array(6).keys()].map((i) => `clip${i}`);
  return {
    size: 6,
    ids,
    classes: ['one', 'two', 'three'],
    modalities: {
      depth: { shape: [4, 16, 16, 1], range: [0, 1], unit: 'intensity' },
      skeleton: { shape: [2, 8, 20, 3], unit: 'metres' },
    },
    async *batches({ batchSize, start = 0 }) {
      for (let at = start * batchSize; at < 6; at += batchSize) {
        yield {
          ids: ids.slice(at, at + batchSize),
          inputs: {
            depth: tf.randomUniform([batchSize, 4, 16, 16, 1], 0, 1, 'float32', at + 1),
            skeleton: tf.randomNormal([batchSize, 2, 8, 20, 3], 0, 1, 'float32', at + 2),
          },
          labels: tf.tensor1d(
            [...Array(batchSize).keys()].map((i) => (at + i) % 3),
            'int32',
          ),
        };
      }
    },
    subset: () => clips(),
  };
}

async function trained(build: () => LayersModel, samples: Dataset, batchSize: number): Promise<Results> {
  const [first, second] = build().inputNames as [string, string];
  const own = { [first]: budgets.rgb, [second]: budgets.skeleton };
  const attacks = Object.values(attackConditions(own)).map((threatModel) =>
    pgd(threatModel, { steps: 2, randomStart: true }),
  );
  const losses: number[] = [];
  const run = async (store = memoryStore(), stopAfter = Infinity) => {
    const model = build();
    const optimizer = tf.train.adam(0.01);
    const stop = new AbortController();
    const trainer = new AdversarialTrainer({
      model,
      objective: 'amr',
      optimizer,
      attack: sampleAttacks(attacks),
      schedule: cosine({ warmup: 0.2 }),
      weightDecay: 0.01,
      gradientClip: 1,
      cleanShare: 0.25,
      batchSize,
      checkpoint: store,
      seed: 3,
    });
    await trainer.fit(samples, {
      epochs: 1,
      signal: stop.signal,
      callbacks: {
        onBatch: ({ done, loss }) => {
          losses.push(loss);
          if (done === stopAfter) stop.abort();
        },
      },
    });
    const weights = (await Promise.all(model.weights.map((weight) => valuesOf(weight.read())))).flat();
    model.dispose();
    optimizer.dispose();
    return weights;
  };
  const whole = await run();
  const lossesOfWhole = losses.splice(0);
  const store = memoryStore();
  await run(store, 1);
  const resumed = await run(store);
  if (!resumed.every((value, i) => value === whole[i]))
    throw new Error('weights: got other ones after resuming from a checkpoint; expected the same bits.');
  // Without the weights: Adam turns gradients that are 0 up to rounding into whole steps.
  return { losses: lossesOfWhole, 'losses before and after the checkpoint': losses };
}
