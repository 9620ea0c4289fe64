import { classifierOf, type Modalities, pgd, type ThreatModel } from '@amr/attacks';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { evaluateRobustness, mergeReports } from './index.js';
import { budgets, tinyModel, tinySamples } from './samples.fixture.js';

it('shards, merged, equal the whole, also with random starts', async () => {
  const classifier = classifierOf(tinyModel(), { output: 0 });
  const testSet = tinySamples(23, { seed: 4 });
  const options = {
    budgets,
    batchSize: 4,
    seed: 7,
    attacks: { 'PGD-2': (t: ThreatModel) => pgd(t, { steps: 2, randomStart: true }) },
    weightsOf: ({ rgb }: Modalities) => ({ rgb: tf.mean(rgb!, 1) }),
  };
  const before = tf.memory().numTensors;
  const whole = await evaluateRobustness(classifier, testSet, options);
  const parts = [];
  for (const index of [2, 0, 1]) {
    parts.push(await evaluateRobustness(classifier, testSet, { ...options, shard: { index, count: 3 } }));
  }
  expect(tf.memory().numTensors).toBe(before);
  const merged = mergeReports(parts);
  expect(merged.data.samples).toEqual(whole.data.samples);
  expect(merged.weights!.clean['rgb']).toBeCloseTo(whole.weights!.clean['rgb']!, 12);
  expect(whole.clean.accuracy).toBeGreaterThan(0);
  console.log(whole.toMarkdown());
});
