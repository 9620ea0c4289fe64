import { attackConditions, classifierOf, pgd } from '@amr/attacks';
import { budgets, tinyModel, tinySamples, weightBytes } from '@amr/testing/data/tinySamples';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  AdversarialTrainer,
  type AdversarialTrainerOptions,
  amrObjective,
  type BatchOptions,
  cosine,
  DivergenceError,
  evaluateRobustness,
  memoryStore,
  sampleAttacks,
  type TrainingProgress,
} from '../index.js';

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
  attack: sampleAttacks(attacks),
  schedule: cosine({ warmup: 0.2 }),
  weightDecay: 0.01,
  gradientClip: 1,
  cleanShare: 0.25,
  batchSize: 5,
  seed: 3,
});

describe('AdversarialTrainer', () => {
  const train = tinySamples();

  it.each(Object.keys(optimizers))('resumes exactly after an interruption in an epoch: %s', async (name) => {
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
    // As in another process: a model with other weights, layers with other numbers, a new optimizer.
    const again = settings(optimizers[name]!(), 99);
    const second = await new AdversarialTrainer({ ...again, checkpoint: store }).fit(train, {
      epochs: 3,
      validation,
    });
    expect(second).toMatchObject({ finished: true, steps: 15 });
    expect(weightBytes(again.model)).toBe(weightBytes(whole.model));
    expect(again.optimizer).toMatchObject({ iterations: 15 });
    expect(second.history).toEqual(history);
  });

  it('resumes exactly when stopped at every batch', async () => {
    const plain = () => ({
      ...settings(tf.train.adam(0.01)),
      attack: attacks,
      objective: 'cross-entropy' as const,
    });
    const whole = plain();
    await new AdversarialTrainer(whole).fit(train, { epochs: 2 });
    const store = memoryStore();
    let last = plain();
    for (let done = 0; done < 10; done++) {
      const stop = new AbortController();
      last = { ...plain(), checkpoint: store };
      await new AdversarialTrainer(last).fit(train, {
        epochs: 2,
        signal: stop.signal,
        callbacks: { onBatch: () => stop.abort() },
      });
    }
    const { finished, steps } = await new AdversarialTrainer(last).fit(train, { epochs: 2 });
    expect({ finished, steps }).toEqual({ finished: true, steps: 10 });
    expect(weightBytes(last.model)).toBe(weightBytes(whole.model));
  });

  it('resumes exactly from a checkpoint of the interval when the process dies', async () => {
    const whole = settings(tf.train.momentum(0.05, 0.9));
    await new AdversarialTrainer(whole).fit(train, { epochs: 2 });
    const store = memoryStore();
    const first = { ...settings(tf.train.momentum(0.05, 0.9)), checkpoint: store, checkpointInterval: 0 };
    const died = new AdversarialTrainer(first).fit(train, {
      epochs: 2,
      callbacks: {
        onBatch: ({ done }) => {
          if (done === 7) throw new Error('killed');
        },
      },
    });
    await expect(died).rejects.toThrow('killed');
    const again = { ...settings(tf.train.momentum(0.05, 0.9), 5), checkpoint: store };
    const logged: string[] = [];
    await new AdversarialTrainer({ ...again, log: (line) => logged.push(line) }).fit(train, { epochs: 2 });
    expect(logged[0]).toBe('Resumes after 6 of 10 batches.');
    expect(weightBytes(again.model)).toBe(weightBytes(whole.model));
  });

  it('stops during validation, and validates again when it resumes', async () => {
    const validation = tinySamples(9, { seed: 8, prefix: 'v' });
    const whole = settings(tf.train.sgd(0.1));
    const { history } = await new AdversarialTrainer(whole).fit(train, { epochs: 1, validation });
    const store = memoryStore();
    const stop = new AbortController();
    const stopping = {
      ...validation,
      async *batches(options: BatchOptions) {
        stop.abort();
        yield* validation.batches(options);
      },
    };
    const first = await new AdversarialTrainer({ ...settings(tf.train.sgd(0.1)), checkpoint: store }).fit(
      train,
      {
        epochs: 1,
        validation: stopping,
        signal: stop.signal,
      },
    );
    expect(first).toEqual({ finished: false, history: [], steps: 5 });
    const again = { ...settings(tf.train.sgd(0.1), 4), checkpoint: store };
    expect((await new AdversarialTrainer(again).fit(train, { epochs: 1, validation })).history).toEqual(
      history,
    );
    expect(weightBytes(again.model)).toBe(weightBytes(whole.model));
  });

  it('learns, reports progress, and leaks no tensor', async () => {
    const samples = tinySamples(12);
    const options: AdversarialTrainerOptions = {
      model: tinyModel({ dropout: 0 }),
      objective: amrObjective({ labelSmoothing: 0.05 }),
      optimizer: tf.train.adam(0.03),
      attack: attacks,
      dropLast: true,
      batchSize: 6,
      seed: 1,
    };
    const trainer = new AdversarialTrainer(options);
    const progress: TrainingProgress[] = [];
    await trainer.fit(samples, { epochs: 1 });
    const before = tf.memory().numTensors;
    const attack = pgd(budgets, { steps: 3 });
    const { history } = await trainer.fit(tinySamples(20), {
      epochs: 8,
      validation: { set: samples, attack },
      callbacks: { onBatch: (p) => void progress.push(p) },
    });
    expect(tf.memory().numTensors).toBe(before);
    expect(history.at(-1)!.loss).toBeLessThan(0.8 * history[0]!.loss);
    expect(progress.map(({ done }) => done)).toEqual([...Array(24).keys()].map((i) => i + 1));
    expect(progress[4]).toMatchObject({ epoch: 1, epochs: 8, batch: 2, batches: 3, total: 24 });
    expect(progress.at(-1)!.remaining).toBe(0);
    expect(progress[4]!.remaining! / progress[4]!.elapsed).toBeCloseTo(19 / 5, 1);

    const report = await evaluateRobustness(classifierOf(options.model), samples, {
      conditions: { both: budgets },
      attacks: { 'PGD-3': (threatModel) => pgd(threatModel, { steps: 3 }) },
    });
    expect(history.at(-1)!.validationAccuracy).toBe(report.clean.accuracy);
    expect(history.at(-1)!.validationRobustAccuracy).toBe(report.robust('both', 'PGD-3').accuracy);
  });

  it('stops when the loss is not finite, with the checkpoint from before', async () => {
    const schedule = Object.assign((_: number, step: number) => (step < 5 ? 0.01 : 1e30), { label: 'mad' });
    const { gradientClip: _, attack: __, ...rest } = { ...settings(tf.train.sgd(0.1)), schedule };
    const clean = { ...rest, cleanShare: 0, checkpoint: memoryStore() };
    await expect(new AdversarialTrainer(clean).fit(train, { epochs: 3 })).rejects.toThrow(DivergenceError);
    const again = { ...clean, model: tinyModel(), optimizer: tf.train.sgd(0.1) };
    await expect(new AdversarialTrainer(again).fit(train, { epochs: 3 })).rejects.toThrow(
      /in batch \d of epoch 1/,
    );
    const sound = {
      ...clean,
      model: tinyModel(),
      optimizer: tf.train.sgd(0.1),
      checkpoint: memoryStore(await clean.checkpoint.read()),
    };
    const stopped = await new AdversarialTrainer(sound).fit(train, {
      epochs: 3,
      signal: AbortSignal.abort(),
    });
    expect(stopped).toMatchObject({ steps: 5 });
    for (const weight of sound.model.weights)
      expect([...weight.read().dataSync()].every(Number.isFinite)).toBe(true);
  });
});
