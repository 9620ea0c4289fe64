import { attackConditions, pgd } from '@amr/attacks';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  AdversarialTrainer,
  type AdversarialTrainerOptions,
  atRandom,
  cosine,
  memoryStore,
} from './index.js';
import { budgets, tinyModel, tinySamples, weightBytes } from './samples.fixture.js';

const optimizers: { [name: string]: () => tf.Optimizer } = {
  sgd: () => tf.train.sgd(0.05),
  momentum: () => tf.train.momentum(0.05, 0.9),
  adam: () => tf.train.adam(0.01),
  adamax: () => tf.train.adamax(0.01),
  rmsprop: () => tf.train.rmsprop(0.01, 0.9, 0.5),
  adagrad: () => tf.train.adagrad(0.05),
  adadelta: () => tf.train.adadelta(0.5),
};

const attacks = Object.values(attackConditions(budgets)).map((threatModel) =>
  pgd(threatModel, { steps: 2, randomStart: true }),
);

const settings = (optimizer: tf.Optimizer, seed = 1): AdversarialTrainerOptions => ({
  model: tinyModel({ seed }),
  objective: 'amr',
  optimizer,
  attack: atRandom(attacks),
  schedule: cosine({ warmup: 0.2 }),
  weightDecay: 0.01,
  gradientClip: 1,
  cleanShare: 0.25,
  batchSize: 5,
  seed: 3,
});

describe('AdversarialTrainer', () => {
  const train = tinySamples();

  it.each(Object.keys(optimizers))('goes on exactly after an interruption in an epoch: %s', async (name) => {
    const whole = settings(optimizers[name]!());
    const validation = { set: tinySamples(9, { seed: 8, prefix: 'v' }), attack: attacks[2]! };
    const { history, finished } = await new AdversarialTrainer(whole).fit(train, { epochs: 3, validation });
    expect(finished).toBe(true);

    const store = memoryStore();
    const stop = new AbortController();
    const first = await new AdversarialTrainer({ ...settings(optimizers[name]!()), checkpoint: store }).fit(
      train,
      {
        epochs: 3,
        validation,
        signal: stop.signal,
        callbacks: { onBatch: ({ done }) => (done === 8 ? stop.abort() : undefined) },
      },
    );
    expect(first).toMatchObject({ finished: false, steps: 8 });
    // What another process would have: a model with other weights, layers with other numbers, a fresh optimizer.
    const again = settings(optimizers[name]!(), 99);
    const second = await new AdversarialTrainer({ ...again, checkpoint: store }).fit(train, {
      epochs: 3,
      validation,
    });
    expect(second).toMatchObject({ finished: true, steps: 15 });
    expect(weightBytes(again.model)).toBe(weightBytes(whole.model));
    expect(second.history).toEqual(history);
  });
});
