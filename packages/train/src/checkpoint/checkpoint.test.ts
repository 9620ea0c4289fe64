import { pgd } from '@amr/attacks';
import { readSafetensors, writeSafetensors } from '@amr/formats';
import { budgets, tinyModel, tinySamples, weightBytes } from '@amr/testing/data/tinySamples';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  AdversarialTrainer,
  type AdversarialTrainerOptions,
  CheckpointError,
  type CheckpointProblem,
  type CheckpointStore,
  memoryStore,
} from '../index.js';

const train = tinySamples(10);
const trainer = (changes: Partial<AdversarialTrainerOptions> = {}) =>
  new AdversarialTrainer({
    model: tinyModel({ units: 2 }),
    objective: 'cross-entropy',
    optimizer: tf.train.adam(0.01),
    batchSize: 5,
    seed: 1,
    ...changes,
  });

/** A store that counts the writes. */
function watched(bytes: Uint8Array): CheckpointStore & { writes: number } {
  const store = memoryStore(bytes);
  const counting = {
    writes: 0,
    read: store.read,
    write: async (written: Uint8Array) => {
      counting.writes++;
      await store.write(written);
    },
  };
  return counting;
}

async function refusal(
  bytes: Uint8Array,
  changes: Partial<AdversarialTrainerOptions> = {},
  samples = train,
): Promise<CheckpointError> {
  const checkpoint = watched(bytes);
  const model = changes.model ?? tinyModel({ units: 2 });
  const before = weightBytes(model);
  const error = await trainer({ checkpoint, ...changes, model })
    .fit(samples, { epochs: 2 })
    .then(() => undefined)
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CheckpointError);
  expect(checkpoint.writes).toBe(0);
  expect(await checkpoint.read()).toEqual(bytes);
  expect(weightBytes(model)).toBe(before);
  return error as CheckpointError;
}

describe('checkpoints', () => {
  let good: Uint8Array;
  beforeAll(async () => {
    const checkpoint = memoryStore();
    await trainer({ checkpoint }).fit(train, { epochs: 1 });
    good = (await checkpoint.read())!;
  });

  it('are safetensors files that other tools can read', () => {
    const { tensors, metadata } = readSafetensors(good);
    expect(metadata).toMatchObject({
      format: 'amr-train-checkpoint',
      version: '1',
      optimizer: 'Adam',
      iterations: '2',
    });
    const names = [...tensors.keys()];
    expect(names).toContain('optimizer/accBeta1');
    expect(names.find((name) => name.endsWith('logits/kernel'))).toMatch(/^model\/\d+\/logits\/kernel$/);
    expect(names.filter((name) => name.includes('moving_mean'))).toHaveLength(2);
  });

  it('are refused when truncated anywhere, and stay unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), async (length) => {
        expect((await refusal(good.slice(0, length))).problem).toBe('damaged' satisfies CheckpointProblem);
      }),
      { numRuns: 25 },
    );
  });

  it('are refused with any bit flipped, and stay unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.nat(7), async (place, bit) => {
        const bytes = good.slice();
        bytes[place]! ^= 1 << bit;
        const { problem } = await refusal(bytes);
        // A flip in the format's name makes it another format; anything else is damage.
        expect(['damaged', 'format']).toContain(problem);
      }),
      { numRuns: 40 },
    );
  });

  it('are refused with bytes after their end', async () => {
    expect((await refusal(Uint8Array.of(...good, 0))).problem).toBe('damaged');
  });

  it('are refused when they are other files', async () => {
    const foreign = writeSafetensors({ tensors: new Map(), metadata: { format: 'pt' } });
    expect(await refusal(foreign)).toMatchObject({
      problem: 'format',
      message: /^checkpoint.format: got 'pt'; expected 'amr-train-checkpoint'/,
    });
    expect((await refusal(new Uint8Array(0))).problem).toBe('damaged');
  });

  it('are refused by another model', async () => {
    expect(await refusal(good, { model: tinyModel({ units: 3 }) })).toMatchObject({
      problem: 'model',
      message: /of shape \[4, 2\]; expected \[4, 3\] as in this model/,
    });
  });

  it.each<[string, () => Partial<AdversarialTrainerOptions>, RegExp]>([
    ['batch size', () => ({ batchSize: 4 }), /batchSize: 5 in the checkpoint, 4 now/],
    ['seed', () => ({ seed: 2 }), /seed: 1 in the checkpoint, 2 now/],
    ['objective', () => ({ objective: 'amr' }), /objective: "cross-entropy\(0\)"/],
    ['learning rate', () => ({ optimizer: tf.train.adam(0.02) }), /"learningRate\\":0.02/],
    ['optimizer', () => ({ optimizer: tf.train.sgd(0.01) }), /optimizer: "Adam/],
    ['attack', () => ({ attack: pgd(budgets) }), /attack: "none" in the checkpoint, "PGD/],
    ['weight decay', () => ({ weightDecay: 0.1 }), /weightDecay: 0 in the checkpoint, 0.1 now/],
  ])('are refused by a run with another %s', async (_, changes, message) => {
    expect(await refusal(good, changes())).toMatchObject({ problem: 'config', message });
  });

  it('are refused for other samples, and for fewer epochs than are done', async () => {
    expect(await refusal(good, {}, tinySamples(10, { prefix: 'other' }))).toMatchObject({
      problem: 'config',
      message: /sampleIds/,
    });
    const checkpoint = memoryStore(good);
    await trainer({ checkpoint }).fit(train, { epochs: 3 });
    await expect(trainer({ checkpoint }).fit(train, { epochs: 2 })).rejects.toThrow(
      /^fit.epochs: got 2; expected 3 or more, as the checkpoint has 3 epochs done/,
    );
  });

  it('of a finished training restore its weights and history without work', async () => {
    const checkpoint = watched(good);
    const first = trainer({ checkpoint: memoryStore() });
    const wanted = await first.fit(train, { epochs: 1 });
    const model = tinyModel({ units: 2, seed: 44 });
    const logged: string[] = [];
    const result = await trainer({ checkpoint, model, log: (line) => logged.push(line) }).fit(train, {
      epochs: 1,
    });
    expect(result).toEqual(wanted);
    expect(checkpoint.writes).toBe(0);
    const { tensors } = readSafetensors(good);
    const kernel = model.weights[0]!.read().dataSync() as Float32Array;
    expect(new Uint8Array(kernel.slice().buffer)).toEqual(tensors.values().next().value!.bytes.slice());
  });
});
